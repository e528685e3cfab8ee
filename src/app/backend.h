// Everything behind the REST API of one installation, whether or not cameras run.
#pragma once

#include <functional>
#include <memory>

#include "api/api.h"
#include "api/context.h"
#include "app/installation.h"
#include "app/known_people.h"
#include "app/loaded_watch_rules.h"
#include "base/result.h"
#include "config/config.h"
#include "database/gallery_repository.h"
#include "gallery/faiss_index.h"
#include "gallery/followed_index.h"
#include "gallery/switched_index.h"
#include "metrics/metrics.h"
#include "pipeline/live_view.h"
#include "pipeline/photo_analyser.h"

namespace vigil::app {

// Members are declared so that users go before what they use. Made by OpenBackend, never moved.
struct Backend {
  Backend(config::Config given, std::unique_ptr<Installation> opened);

  config::Config config;  // as given, but with the embedder that a switch brought to serve
  std::unique_ptr<Installation> installation;
  database::GalleryRepository gallery_store;
  KnownPeople people;
  LoadedWatchRules watch_rules;
  metrics::Metrics metrics;
  pipeline::LiveView live;
  std::unique_ptr<pipeline::PhotoAnalyser> photos;
  // What `gallery` passes searches to at first; empty: the caller loads or follows it.
  std::shared_ptr<gallery::FollowedIndex> followed;
  const gallery::FaissIndex* approximate = nullptr;  // a part of `followed`; null: always exact
  std::unique_ptr<gallery::SwitchedIndex> gallery;
  pipeline::DecisionPolicy photo_policy;  // of the photos' fp32 embedder

  Clock& GetClock() const { return installation->clock; }
  const EmbeddingSpace& Space() const { return photos->EmbedderFacts().space; }
};

// kLoaded: `photos` looks at one photo at a time; kMany: at as many as recognition has workers.
// kNone: for accounts and the like; `photos` then refuses every photo with kUnavailable, and nobody
// is in the gallery.
enum class PhotoModels { kLoaded, kMany, kNone };

// Opens the data directory and loads the models for photos. kConflict when another process has the
// directory, or when faces are enrolled with another embedder than the configured one.
Result<std::unique_ptr<Backend>> OpenBackend(const config::Config& config,
                                             PhotoModels models = PhotoModels::kLoaded);

}  // namespace vigil::app
