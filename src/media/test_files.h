// Test inputs are made by the test: a folder that goes away, and clips from FFmpeg's own test
// pictures.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace vigil::media {

class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "vigil_media_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// Runs `ffmpeg INPUT... OUTPUT`; false when it fails or is not installed.
inline bool MakeVideo(const std::string& arguments, const std::string& path) {
  const std::string command = "ffmpeg -v error -nostdin -y " + arguments + " '" + path + "'";
  return std::system(command.c_str()) == 0;
}

// `frames` moving test pictures at 25 a second, one H.264 slice a picture.
inline bool MakeTestVideo(
    const std::string& path, int frames, const std::string& size = "320x240",
    const std::string& more = "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -g 10") {
  return MakeVideo("-f lavfi -i testsrc=size=" + size + ":rate=25 -frames:v " +
                       std::to_string(frames) + " -threads 1 " + more,
                   path);
}

inline std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace vigil::media
