// The contract of GalleryIndex for everything that is one.
#include "contract/gallery_index_contract.h"

#include <gtest/gtest.h>

#include "gallery/distinct_index.h"
#include "gallery/flat_index.h"
#include "gallery/reborn_index.h"
#include "gallery/scan_kernels.h"
#include "gallery/settled_faiss_index.h"

namespace vigil::gallery {
namespace {

std::vector<GalleryIndexFactory> EveryFlatIndex() {
  std::vector<GalleryIndexFactory> factories;
  for (const ScanKernels& kernels : AvailableScanKernels()) {
    factories.emplace_back([name = kernels.name](int dimension) {
      return MakeFlatIndex(dimension, {.kernels = name});
    });
  }
  return factories;
}

INSTANTIATE_TEST_SUITE_P(Flat, GalleryIndexContract, ::testing::ValuesIn(EveryFlatIndex()));

// A kind of faces at the origin: taken out, it changes nothing, and the oracle holds.
INSTANTIATE_TEST_SUITE_P(Distinct, GalleryIndexContract, ::testing::Values([](int dimension) {
                           const auto length = static_cast<std::size_t>(dimension);
                           return MakeDistinctIndex(MakeFlatIndex(dimension),
                                                    {.faces = {std::vector<float>(length)}});
                         }));

INSTANTIATE_TEST_SUITE_P(
    Reborn, GalleryIndexContract,
    ::testing::Values([](int dimension) { return std::make_unique<Reborn>(dimension, false); },
                      [](int dimension) { return std::make_unique<Reborn>(dimension, true); }));

INSTANTIATE_TEST_SUITE_P(FaissOfASmallGallery, GalleryIndexContract,
                         ::testing::Values([](int dimension) -> std::unique_ptr<GalleryIndex> {
                           return MakeFaissIndex(dimension);
                         }));
INSTANTIATE_TEST_SUITE_P(FaissWithLists, GalleryIndexContract, ::testing::Values([](int dimension) {
                           return std::make_unique<SettledFaissIndex>(dimension, EveryRowListed());
                         }));
INSTANTIATE_TEST_SUITE_P(FaissWhileItLearns, GalleryIndexContract,
                         ::testing::Values([](int dimension) -> std::unique_ptr<GalleryIndex> {
                           return MakeFaissIndex(dimension, EveryRowListed());
                         }));

}  // namespace
}  // namespace vigil::gallery
