// See distinct_index.h.
#include "gallery/distinct_index.h"

#include <utility>
#include <vector>

namespace vigil::gallery {
namespace {

class DistinctIndex final : public FollowedIndex {
 public:
  DistinctIndex(std::unique_ptr<FollowedIndex> index, TypicalFaces typical)
      : index_(std::move(index)), typical_(std::move(typical)) {}

  GallerySearch Search(std::span<const float> probe, int candidates_max) const override {
    return index_->Search(WithoutTypical(typical_, probe), candidates_max);
  }

  std::vector<GallerySearch> SearchMany(std::span<const GalleryQuery> queries) const override {
    std::vector<Embedding> probes;
    probes.reserve(queries.size());
    std::vector<GalleryQuery> distinct(queries.begin(), queries.end());
    for (GalleryQuery& query : distinct) {
      probes.push_back(WithoutTypical(typical_, query.probe));
      query.probe = probes.back();
    }
    return index_->SearchMany(distinct);
  }

  void Apply(std::span<const std::string> removed_reference_ids,
             std::vector<GalleryReference> upserts, std::uint64_t sequence) override {
    for (GalleryReference& reference : upserts)
      reference.embedding = WithoutTypical(typical_, reference.embedding);
    index_->Apply(removed_reference_ids, std::move(upserts), sequence);
  }

  GalleryInfo Info() const override { return index_->Info(); }

  bool Holds(const GalleryReference& reference) override {
    GalleryReference distinct = reference;
    distinct.embedding = WithoutTypical(typical_, reference.embedding);
    return index_->Holds(distinct);
  }
  std::vector<std::string> ReferenceIds() override { return index_->ReferenceIds(); }
  bool IsSaved() const override { return index_->IsSaved(); }
  Result<std::uint64_t> Restore() override { return index_->Restore(); }
  void Tend() override { index_->Tend(); }
  Status Save(const std::function<bool()>& given_up) override { return index_->Save(given_up); }
  void Warm(const std::function<bool()>& given_up) override { index_->Warm(given_up); }

 private:
  const std::unique_ptr<FollowedIndex> index_;
  const TypicalFaces typical_;
};

}  // namespace

std::unique_ptr<FollowedIndex> MakeDistinctIndex(std::unique_ptr<FollowedIndex> index,
                                                 TypicalFaces typical) {
  if (typical.Empty()) return index;
  return std::make_unique<DistinctIndex>(std::move(index), std::move(typical));
}

}  // namespace vigil::gallery
