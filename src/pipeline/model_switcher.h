// Brings another embedder to serve: everybody is embedded anew from the stored photos, beside the
// references that serve meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "core/media_store.h"
#include "core/person.h"
#include "database/model_switch_repository.h"
#include "database/photo_repository.h"
#include "pipeline/photo_analyser.h"

namespace vigil::pipeline {

// All outlive the switcher; the functions are called from its thread alone.
struct ModelSwitcherPorts {
  database::Database& database;
  MediaStore& media;
  Clock& clock;
  // Loads an installed embedder for photos. Errors name the mend.
  std::function<Result<std::unique_ptr<PhotoAnalyser>>(const std::string& model_id)> load;
  // Lets the embedder serve, whose references are complete: at a moment when nobody is enrolled or
  // searched for, calls `complete`, and unless that answers kInUse leaves all as it was. Errors are
  // tried again.
  std::function<Result<database::SwitchEnd>(
      std::unique_ptr<PhotoAnalyser>& embedder, std::stop_token stop,
      const std::function<Result<database::SwitchEnd>()>& complete)>
      take_over;
};

// Works on whatever switch the database says is running, from where it stands: how far it is is
// told by the references themselves, so that an end at any moment loses at most the photos in hand.
// A face is not looked for again: the one that was enrolled is embedded. A photo whose picture is
// gone, altered or cannot be read is noted with the reason; errors that are not the photo's are
// tried again. Destruction stops it after the photo in hand.
class ModelSwitcher {
 public:
  explicit ModelSwitcher(ModelSwitcherPorts ports);
  ~ModelSwitcher();

  // A switch was asked for or cancelled: do not wait for the next look. Thread-safe, never blocks.
  void Wake();
  // Why it does not get on; empty while it does. Thread-safe.
  std::string Trouble() const;

 private:
  enum class Progress { kMade, kNone };

  void Run(const std::stop_token& stop);
  Result<Progress> Step(const std::stop_token& stop);
  Status Load(const database::ModelSwitch& running);
  Status EmbedSome(const std::vector<Photo>& photos, const std::stop_token& stop);
  Result<std::optional<Reference>> EmbedPhoto(const Photo& photo);
  Result<Progress> Finish(const database::ModelSwitch& running, const std::stop_token& stop);
  void Note(std::string trouble);
  void Nap(const std::stop_token& stop);

  const ModelSwitcherPorts ports_;
  database::ModelSwitchRepository switches_;
  database::PhotoRepository photos_;
  LogLimiter failures_;

  // Used by the thread alone.
  std::string loaded_for_;  // the switch that embedder_ belongs to
  std::unique_ptr<PhotoAnalyser> embedder_;
  std::string looked_until_;  // the last photo's id

  mutable std::mutex mutex_;
  std::string trouble_;   // guarded by mutex_
  bool woken_ = false;    // guarded by mutex_
  std::stop_source nap_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace vigil::pipeline
