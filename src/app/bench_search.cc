// `vigil bench search`: the gallery index on random unit embeddings, probes being blurred mates.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <thread>

#include "app/bench.h"
#include "app/bench_faces.h"
#include "base/format.h"
#include "base/seal.h"
#include "gallery/dot_product.h"
#include "gallery/faiss_index.h"
#include "gallery/flat_index.h"
#include "gallery/scan_kernels.h"

namespace vigil::app {
namespace {

using Seconds = std::chrono::duration<double>;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kSlice = 10'000;

struct Options : BenchFaces {
  std::vector<int> batches = {1, 64};
  int threads = 2;
  std::string index = "flat";
  std::string kernels;
  std::size_t lists = 0;
  std::size_t lists_probed = 0;
  int candidates = 5;
  double seconds = 8;
  int verified = 0;
  int changes = 0;
  std::filesystem::path saved;
  bool on_disk = false;
  bool cold = false;
  bool json = false;
};

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::vector<GalleryQuery> Queries(const Probes& probes, std::size_t first, std::size_t count,
                                  int candidates) {
  std::vector<GalleryQuery> queries(count);
  for (std::size_t i = 0; i < count; ++i) {
    queries[i].probe = probes.embeddings[first + i];
    queries[i].candidates_max = candidates;
  }
  return queries;
}

struct Measured {
  std::vector<std::chrono::nanoseconds> times;  // a call
  std::size_t hits = 0;
  std::size_t asked = 0;
};

Measured Measure(const GalleryIndex& index, const Probes& probes, std::size_t batch,
                 const Options& options) {
  Measured measured;
  const Steady::time_point end =
      Steady::now() + std::chrono::duration_cast<Steady::duration>(Seconds(options.seconds));
  for (std::size_t first = 0; Steady::now() < end;) {
    const auto queries = Queries(probes, first, batch, options.candidates);
    const Steady::time_point start = Steady::now();
    const auto answers = index.SearchMany(queries);
    measured.times.emplace_back(Steady::now() - start);
    for (std::size_t i = 0; i < batch; ++i) {
      measured.hits += answers[i].candidates.front().person_id == IdOf(probes.mates[first + i]);
    }
    measured.asked += batch;
    first = (first + batch) % (probes.embeddings.size() - batch + 1);
  }
  return measured;
}

// How many places of the answers to the first probes differ from a scan in fp32, in person or in
// any bit of the similarity.
std::size_t Differences(const GalleryIndex& index, const Probes& probes, const Options& options) {
  const auto count = static_cast<std::size_t>(options.verified);
  const auto dimension = static_cast<std::size_t>(options.dimension);
  std::vector<std::vector<Candidate>> best(count);
  std::vector<float> rows;
  std::vector<float> similarities(kSlice);
  for (std::size_t first = 0; first < options.references; first += kSlice) {
    const std::size_t slice = std::min(kSlice, options.references - first);
    rows.clear();
    for (std::size_t i = 0; i < slice; ++i) {
      const Embedding embedding = EmbeddingOf(first + i, options);
      rows.insert(rows.end(), embedding.begin(), embedding.end());
    }
    for (std::size_t i = 0; i < count; ++i) {
      gallery::DotProducts(probes.embeddings[i].data(), rows.data(), slice, dimension,
                           similarities.data());
      for (std::size_t row = 0; row < slice; ++row) {
        best[i].push_back({IdOf(first + row), IdOf(first + row), similarities[row]});
      }
      const auto kept = std::min(best[i].size(), static_cast<std::size_t>(options.candidates));
      std::ranges::partial_sort(best[i], best[i].begin() + static_cast<std::ptrdiff_t>(kept),
                                [](const Candidate& left, const Candidate& right) {
                                  if (left.similarity != right.similarity) {
                                    return left.similarity > right.similarity;
                                  }
                                  return left.reference_id < right.reference_id;
                                });
      best[i].resize(kept);
    }
  }
  std::size_t differences = 0;
  // Both ways through the codes: one by one and together.
  const auto together = index.SearchMany(Queries(probes, 0, count, options.candidates));
  for (std::size_t i = 0; i < count; ++i) {
    const auto alone = index.Search(probes.embeddings[i], options.candidates);
    for (std::size_t place = 0; place < best[i].size(); ++place) {
      differences += alone.candidates.at(place) != best[i][place];
      differences += together[i].candidates.at(place) != best[i][place];
    }
  }
  return differences;
}

// Adds and removes references, a hundred a change, until all are done or a stop is asked for.
std::vector<std::chrono::nanoseconds> Change(GalleryIndex& index, const Options& options,
                                             std::stop_token stop) {
  constexpr std::size_t kAtOnce = 100;
  std::vector<std::chrono::nanoseconds> times;
  const auto count = static_cast<std::size_t>(options.changes);
  for (std::size_t done = 0; done < count && !stop.stop_requested(); done += kAtOnce) {
    auto added = References(options.references + done, kAtOnce, options);
    std::vector<std::string> removed;
    // Spread over all chunks: the worst case for them.
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      removed.push_back(IdOf((done + i) * 7919 % options.references));
    }
    const Steady::time_point start = Steady::now();
    index.Apply(removed, std::move(added), done + 2);
    times.emplace_back(Steady::now() - start);
  }
  return times;
}

void Print(const Options& options, const json::object& told) {
  if (options.json) {
    PrintJson(told);
    return;
  }
  PrintLine(
      format("{} of {} x {} at once: half of the calls below {:.2f} ms, 99 % below {:.2f} ms; "
             "{:.1f} searches a second; {}",
             told.at("batch").to_number<int>(), options.references, options.dimension,
             told.at("p50_ms").to_number<double>(), told.at("p99_ms").to_number<double>(),
             told.at("qps").to_number<double>(), std::string_view(told.at("cpu").as_string())));
  if (const auto* recall = told.if_contains("recall_at_1"); recall != nullptr) {
    PrintLine(format("  {} of {} clusters read; {:.2f} % found whom the exact search finds first",
                     told.at("lists_read").to_number<int>(), told.at("lists").to_number<int>(),
                     100 * recall->to_number<double>()));
  }
}

json::object Describe(const Options& options, int batch, const Measured& measured) {
  json::object told = BeginMeasurement("search");
  const auto name = options.kernels.empty() ? gallery::AvailableScanKernels().front().name
                                            : options.kernels.c_str();
  double seconds = 0;
  for (const auto time : measured.times) seconds += Seconds(time).count();
  const auto asked = static_cast<double>(measured.asked);
  told["precision"] = "exact";
  told["threads"] = options.threads;
  told["index"] = options.index;
  told["kernels"] = name;
  told["n"] = options.references;
  told["dim"] = options.dimension;
  told["batch"] = batch;
  told["qps"] = Short(asked / seconds);
  told["p50_ms"] = Short(PercentileMs(measured.times, 0.5));
  told["p99_ms"] = Short(PercentileMs(measured.times, 0.99));
  told["mate_at_1"] = Short(static_cast<double>(measured.hits) / asked);
  told["calls"] = measured.times.size();
  return told;
}

using Index = gallery::FollowedIndex;

// An index to be filled, and its other face when it is approximate.
struct Searched {
  std::unique_ptr<Index> index;
  const gallery::FaissIndex* approximate = nullptr;  // a part of `index`; null: exact
};

Result<std::optional<gallery::SavedIndexOptions>> SavedIn(const Options& options) {
  if (options.saved.empty()) return std::nullopt;
  std::error_code failure;
  std::filesystem::create_directories(options.saved, failure);
  VIGIL_ASSIGN_OR_RETURN(const Sealer sealer, Sealer::FromKeyFile(options.saved / "bench.key"));
  return gallery::SavedIndexOptions{.folder = options.saved / "gallery",
                                    .sealer = sealer,
                                    .gallery = format("bench of {}", options.references),
                                    .embeddings_on_disk = options.on_disk};
}

Result<Searched> MakeIndex(const Options& options) {
  gallery::FlatIndexOptions exact{
      .threads = options.threads, .kernels = options.kernels, .saved = {}};
  VIGIL_ASSIGN_OR_RETURN(exact.saved, SavedIn(options));
  if (options.index == "flat") {
    return Searched{.index = gallery::MakeFlatIndex(options.dimension, exact)};
  }
  gallery::FaissIndexOptions faiss;
  faiss.exact = exact;
  // Not before all are there: clusters are learnt once.
  faiss.references_min = options.references;
  faiss.lists = options.lists;
  faiss.lists_probed = options.lists_probed;
  faiss.sampled_every = std::numeric_limits<int>::max();
  auto index = gallery::MakeFaissIndex(options.dimension, faiss);
  const gallery::FaissIndex* approximate = index.get();
  return Searched{.index = std::move(index), .approximate = approximate};
}

// So that the next reader waits for the disk.
void ForgetCached(const std::filesystem::path& folder) {
  std::error_code failure;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, failure)) {
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

// Takes up what an earlier run has saved, and tells how long the first answer and the first answers
// took. False when nothing fitting is there.
bool Restart(Index& index, const Probes& probes, const Options& options) {
  if (options.cold) ForgetCached(options.saved);
  const Steady::time_point start = Steady::now();
  if (!index.Restore()) return false;
  index.Tend();
  const Seconds restored = Steady::now() - start;
  Measured first;
  for (std::size_t i = 0; i < probes.embeddings.size(); ++i) {
    const Steady::time_point asked = Steady::now();
    const auto answer = index.Search(probes.embeddings[i], options.candidates);
    first.times.emplace_back(Steady::now() - asked);
    first.hits += answer.candidates.front().person_id == IdOf(probes.mates[i]);
  }
  json::object told = BeginMeasurement("search-restart");
  told["n"] = options.references;
  told["dim"] = options.dimension;
  told["cold"] = options.cold;
  told["restore_s"] = Short(restored.count());
  told["first_answer_s"] = Short((restored + Seconds(first.times.front())).count());
  told["first_p50_ms"] = Short(PercentileMs(first.times, 0.5));
  told["first_p99_ms"] = Short(PercentileMs(first.times, 0.99));
  told["mate_at_1"] =
      Short(static_cast<double>(first.hits) / static_cast<double>(probes.embeddings.size()));
  told["resident_gb"] = Short(ResidentBytes() / 1e9);
  PrintJson(told);
  index.Warm([] { return false; });
  index.Tend();
  return true;
}

// Seconds that the index alone took.
Result<Seconds> Fill(Index& index, const Options& options) {
  // So many references at most have their embeddings in memory while it is filled.
  constexpr std::size_t kSaved = 25 * kSlice;
  Seconds build{};
  for (std::size_t first = 0; first < options.references; first += kSlice) {
    auto slice = References(first, std::min(kSlice, options.references - first), options);
    const Steady::time_point start = Steady::now();
    index.Apply({}, std::move(slice), 1);
    const bool last = first + kSlice >= options.references;
    if (index.IsSaved() && (last || (options.on_disk && (first + kSlice) % kSaved == 0))) {
      VIGIL_RETURN_IF_ERROR(index.Save([] { return false; }));
      index.Tend();
    }
    build += Steady::now() - start;
  }
  return build;
}

using Answers = std::vector<std::vector<Candidate>>;

Answers AnswersOf(const GalleryIndex& index, const Probes& probes, const Options& options) {
  Answers answers;
  for (const Embedding& probe : probes.embeddings) {
    answers.push_back(index.Search(probe, options.candidates).candidates);
  }
  return answers;
}

// What the exact index answers to all probes; it is gone before the other is made.
Result<Answers> ExactAnswers(const Probes& probes, const Options& options) {
  const auto exact = gallery::MakeFlatIndex(
      options.dimension, {.threads = options.threads, .kernels = options.kernels, .saved = {}});
  VIGIL_RETURN_IF_ERROR(Fill(*exact, options));
  return AnswersOf(*exact, probes, options);
}

// Of the exact answers, how many were found: the best ones, and all.
void TellRecall(const Answers& exact, const Answers& found, json::object& told) {
  double best = 0;
  double all = 0;
  double wanted = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    best += found[i].front() == exact[i].front() ? 1 : 0;
    wanted += static_cast<double>(exact[i].size());
    for (const Candidate& candidate : exact[i]) {
      all += std::ranges::find(found[i], candidate) == found[i].end() ? 0 : 1;
    }
  }
  told["recall_at_1"] = Short(best / static_cast<double>(exact.size()));
  told["recall_at_k"] = Short(all / wanted);
}

// Waits for the lists, and tells what a search by them misses.
json::object Learn(const Searched& searched, const Answers& exact, const Probes& probes,
                   const Options& options) {
  const Steady::time_point start = Steady::now();
  searched.approximate->Settle();
  json::object told{{"learn_s", Short(Seconds(Steady::now() - start).count())}};
  const auto state = searched.approximate->State();
  // Faces that form no clusters are scanned.
  told["precision"] = state.uses_lists ? "approximate" : "exact";
  told["lists"] = state.lists;
  told["lists_read"] = state.lists_probed;
  TellRecall(exact, AnswersOf(*searched.index, probes, options), told);
  return told;
}

ExitCode RunBench(const Options& options) {
  const Probes probes = MakeProbes(options);
  Answers exact;
  if (options.index != "flat") {
    auto answers = ExactAnswers(probes, options);
    if (!answers) return Report(answers.error());
    exact = *std::move(answers);
  }
  const double bytes_before = ResidentBytes();
  const auto made = MakeIndex(options);
  if (!made) return Report(made.error());
  Index* const index = made->index.get();
  Seconds build{};
  if (options.saved.empty() || !Restart(*index, probes, options)) {
    const auto filled = Fill(*index, options);
    if (!filled) return Report(filled.error());
    build = *filled;
  }
  const auto facts =
      made->approximate == nullptr ? json::object() : Learn(*made, exact, probes, options);
  const double bytes = ResidentBytes() - bytes_before;
  for (const int batch : options.batches) {
    const auto measured = Measure(*index, probes, static_cast<std::size_t>(batch), options);
    json::object told = Describe(options, batch, measured);
    told["bytes_per_reference"] = std::round(bytes / static_cast<double>(options.references));
    told["resident_gb"] = Short(ResidentBytes() / 1e9);
    told["build_s"] = Short(build.count());
    for (const auto& [name, value] : facts) told[name] = value;
    Print(options, told);
  }
  if (options.verified > 0) {
    const std::size_t differences = Differences(*index, probes, options);
    PrintLine(format(R"({{"bench":"search","verified":{},"differences":{}}})", options.verified,
                     differences));
    if (differences > 0) return ExitCode::kFailed;
  }
  if (options.changes > 0) {
    std::vector<std::chrono::nanoseconds> changes;
    std::jthread changer(
        [&](std::stop_token stop) { changes = Change(*index, options, std::move(stop)); });
    const auto measured = Measure(*index, probes, 1, options);
    changer.request_stop();
    changer.join();
    json::object told = Describe(options, 1, measured);
    told["changes"] = changes.size() * 100;
    told["visible_p50_ms"] = Short(PercentileMs(changes, 0.5));
    told["visible_max_ms"] = Short(PercentileMs(changes, 1));
    Print(options, told);
  }
  return ExitCode::kDone;
}

}  // namespace

void AddBenchSearch(CLI::App& bench, CommandLine& line) {
  auto options = std::make_shared<Options>();
  CLI::App* command = bench.add_subcommand("search", "the gallery alone, searches a second");
  command->add_option("--n", options->references, "references")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}))
      ->capture_default_str();
  command->add_option("--dim", options->dimension, "numbers of an embedding")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  command->add_option("--batch", options->batches, "probes at once; several, split by commas")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "threads of one search")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command->add_option("--index", options->index, "which index")
      ->check(CLI::IsMember({"flat", "faiss"}))
      ->capture_default_str();
  command->add_option("--lists", options->lists, "clusters of faiss (default: by size)");
  command->add_option("--lists-read", options->lists_probed,
                      "clusters that a search reads (default: for a recall of 99 %)");
  command->add_option("--kinds", options->kinds, "groups of people who look alike; 0: all differ")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--kernels", options->kernels, "instructions (default: the machine's fastest)")
      ->check(CLI::Validator(
          [](const std::string& name) {
            for (const auto& kernels : gallery::AvailableScanKernels()) {
              if (name == kernels.name) return std::string();
            }
            return "this machine has no " + name;
          },
          "avx512-vnni, avx2 or plain"));
  command->add_option("--k", options->candidates, "people asked for")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "of timing, a batch size")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_option("--verify", options->verified, "probes compared with a scan in fp32")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      ->add_option("--changes", options->changes,
                   "time again while so many references are added and as many removed")
      ->check(CLI::Range(0, 10'000'000))
      ->capture_default_str();
  command->add_option("--saved", options->saved,
                      "folder to keep the gallery in: a second run begins with what it finds");
  command->add_flag("--on-disk", options->on_disk, "leave the embeddings in that folder");
  command->add_flag("--cold", options->cold, "begin with nothing of that folder in memory");
  command->add_flag("--json", options->json, "one JSON line a measurement");
  command->callback([options, &line] { line.exit_code = RunBench(*options); });
}

}  // namespace vigil::app
