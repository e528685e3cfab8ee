// The only file that includes FAISS; its exceptions end here.
#include "gallery/list_quantizer.h"

#include <cblas.h>
#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/ScalarQuantizer.h>

#include <algorithm>
#include <exception>
#include <numeric>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "gallery/dot_product.h"

// Of the OpenMP library that FAISS uses; the header comes with the compiler, and not with each.
extern "C" {
int omp_get_max_threads();
void omp_set_num_threads(int count);
}

namespace vigil::gallery {
namespace {

constexpr int kIterations = 8;
constexpr int kSeed = 2026;
// Beyond the range of the rows learnt from, on either side: others reach a little further.
constexpr float kRangeMargin = 0.05F;

// FAISS asks one process-wide object whether to go on; each thread answers for its own work.
thread_local const std::stop_token* working_until = nullptr;

class StopOnRequest final : public faiss::InterruptCallback {
 public:
  bool want_interrupt() override {
    return working_until != nullptr && working_until->stop_requested();
  }
};

void PrepareFaissOnce() {
  static const bool prepared = [] {
    // Process-wide, and nothing else here uses BLAS: training in the background is to leave the
    // other processors to the cameras.
    openblas_set_num_threads(1);
    faiss::InterruptCallback::instance = std::make_unique<StopOnRequest>();
    return true;
  }();
  static_cast<void>(prepared);
}

// OpenMP counts threads for each calling thread apart.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { omp_set_num_threads(before_); }

 private:
  const int before_ = omp_get_max_threads();
};

template <class Work>
Status WithFaiss(std::string_view doing, const std::stop_token& stop, Work work) {
  PrepareFaissOnce();
  const OneThread one_thread;
  working_until = &stop;
  Status status;
  try {
    work();
  } catch (const std::exception& exception) {
    status = stop.stop_requested()
                 ? Fail(ErrorCode::kCancelled, format("{}: stopped", doing))
                 : Fail(ErrorCode::kInternal, format("{}: {}", doing, exception.what()));
  }
  working_until = nullptr;
  return status;
}

}  // namespace

struct ListQuantizer::Trained {
  Trained(std::size_t dimension, std::size_t lists)
      : list_count(lists),
        centroids(static_cast<faiss::Index::idx_t>(dimension)),
        codes(dimension, faiss::ScalarQuantizer::QT_8bit) {}

  const std::size_t list_count;
  faiss::IndexFlatIP centroids;
  faiss::ScalarQuantizer codes;
};

ListQuantizer::ListQuantizer(std::unique_ptr<Trained> trained) : trained_(std::move(trained)) {}
ListQuantizer::~ListQuantizer() = default;

Result<std::shared_ptr<const ListQuantizer>> ListQuantizer::Train(std::span<const float> rows,
                                                                  std::size_t dimension,
                                                                  std::size_t list_count,
                                                                  std::stop_token stop) {
  const std::size_t row_count = rows.size() / dimension;
  VIGIL_CHECK(list_count > 0 && row_count >= list_count, "a cluster has at least one row");
  auto trained = std::make_unique<Trained>(dimension, list_count);
  VIGIL_RETURN_IF_ERROR(WithFaiss("learn the clusters of the gallery", stop, [&] {
    faiss::ClusteringParameters parameters;
    parameters.niter = kIterations;
    parameters.spherical = true;
    parameters.seed = kSeed;
    // The caller chose the rows: FAISS is neither to complain of few nor to leave some out.
    parameters.min_points_per_centroid = 1;
    parameters.max_points_per_centroid = static_cast<int>(row_count / list_count + 1);
    faiss::Clustering clustering(static_cast<int>(dimension), static_cast<int>(list_count),
                                 parameters);
    const auto count = static_cast<faiss::Index::idx_t>(row_count);
    clustering.train(count, rows.data(), trained->centroids);
    trained->codes.rangestat_arg = kRangeMargin;
    trained->codes.train(row_count, rows.data());
  }));
  return std::shared_ptr<const ListQuantizer>(new ListQuantizer(std::move(trained)));
}

std::size_t ListQuantizer::Dimension() const { return trained_->codes.d; }
std::size_t ListQuantizer::ListCount() const { return trained_->list_count; }

Result<std::vector<std::uint32_t>> ListQuantizer::Assign(std::span<const float> rows,
                                                         std::stop_token stop) const {
  const std::size_t count = rows.size() / Dimension();
  std::vector<faiss::Index::idx_t> nearest(count);
  VIGIL_RETURN_IF_ERROR(WithFaiss("sort faces into clusters", stop, [&] {
    trained_->centroids.assign(static_cast<faiss::Index::idx_t>(count), rows.data(),
                               nearest.data());
  }));
  std::vector<std::uint32_t> lists(count);
  std::ranges::transform(nearest, lists.begin(), [](faiss::Index::idx_t list) {
    // FAISS says -1 where no similarity is a number: huge embeddings.
    return list < 0 ? 0U : static_cast<std::uint32_t>(list);
  });
  return lists;
}

Result<std::vector<std::uint8_t>> ListQuantizer::Encode(std::span<const float> rows) const {
  std::vector<std::uint8_t> codes(rows.size());
  VIGIL_RETURN_IF_ERROR(WithFaiss("encode faces", {}, [&] {
    trained_->codes.compute_codes(rows.data(), codes.data(), rows.size() / Dimension());
  }));
  return codes;
}

std::vector<std::uint32_t> ListQuantizer::NearestLists(std::span<const float> probe,
                                                       std::size_t count) const {
  std::vector<float> similarities(ListCount());
  DotProducts(probe.data(), trained_->centroids.get_xb(), ListCount(), Dimension(),
              similarities.data());
  std::vector<std::uint32_t> lists(ListCount());
  std::iota(lists.begin(), lists.end(), 0U);
  count = std::min(count, lists.size());
  std::ranges::partial_sort(lists, lists.begin() + static_cast<std::ptrdiff_t>(count),
                            std::ranges::greater{},
                            [&](std::uint32_t list) { return similarities[list]; });
  lists.resize(count);
  return lists;
}

std::vector<float> ListQuantizer::CodeWeights(std::span<const float> probe) const {
  // FAISS keeps the lowest value of each number, then the widths of the ranges.
  const float* widths = trained_->codes.trained.data() + Dimension();
  std::vector<float> weights(Dimension());
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = probe[i] * widths[i] / 255.0F;
  return WeightsForCodes(weights);
}

}  // namespace vigil::gallery
