// A gallery of people who do not exist, to measure searches with.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/gallery.h"

namespace vigil::app {

struct BenchFaces {
  std::size_t references = 1'000'000;
  int dimension = 512;
  // Without kinds every direction is as likely as any other. People of one of `kinds` groups look
  // alike: their embeddings have a cosine of about 0.33.
  int kinds = 0;
  int probes = 1024;
};

// Everybody has one reference; it and its person are named alike.
std::string IdOf(std::size_t reference);
// Of length 1. Any number is good, those from `faces.references` on too: who comes later.
Embedding EmbeddingOf(std::size_t reference, const BenchFaces& faces);
std::vector<GalleryReference> References(std::size_t first, std::size_t count,
                                         const BenchFaces& faces);

struct Probes {
  std::vector<Embedding> embeddings;
  std::vector<std::size_t> mates;  // references, one a probe
};

// `faces.probes` blurred copies of references.
Probes MakeProbes(const BenchFaces& faces);

}  // namespace vigil::app
