// All biometric bytes and all secrets pass Seal and Open before and after they touch a database or
// a file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vigil {

using Bytes = std::vector<std::byte>;

// Authenticated encryption by XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha) with a random 192-bit
// nonce. Sealed form: 1 byte version, 4 bytes key id, 24 bytes nonce, ciphertext with its 16-byte
// tag. `context` ("table:<id>:column", a media id) is bound as associated data, so that a sealed
// value cannot be moved to another row. Thread-safe.
class Sealer {
 public:
  static constexpr std::size_t kKeyBytes = 32;

  // The key of a data directory: read from `file`, made there (mode 0600, synced) when absent.
  // kDataLoss when the file is not 64 hex characters; kPermission when it cannot be read or made.
  static Result<Sealer> FromKeyFile(const std::filesystem::path& file);
  // 64 hex characters, from the environment or a test. kInvalidArgument otherwise.
  static Result<Sealer> FromHex(std::string_view hex);

  Bytes Seal(std::span<const std::byte> plain, std::string_view context) const;
  // kDataLoss when the bytes were altered, cut, sealed under another key or for another context.
  Result<Bytes> Open(std::span<const std::byte> sealed, std::string_view context) const;

  // The same into `plain`, whose memory is used again; empty after an error.
  Status OpenInto(std::span<const std::byte> sealed, std::string_view context, Bytes& plain) const;

  Bytes SealText(std::string_view plain, std::string_view context) const;
  Result<std::string> OpenText(std::span<const std::byte> sealed, std::string_view context) const;

  // 64 hex characters that are the same for the same bytes under the same key (BLAKE2b-256 under a
  // key derived from this one): tells whether a picture is known. Who holds a picture but not the
  // key cannot tell from it whether that picture is stored.
  std::string Fingerprint(std::span<const std::byte> bytes) const;

 private:
  explicit Sealer(std::array<unsigned char, kKeyBytes> key);
  std::array<unsigned char, kKeyBytes> key_;
  std::uint32_t key_id_;  // first bytes of the key's hash
};

}  // namespace vigil
