// The composition root of a running Vigil: read Compose from top to bottom.
#include "app/service.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "alerts/channels.h"
#include "app/configured_cameras.h"
#include "app/engines.h"
#include "app/program_paths.h"
#include "app/recognition_options.h"
#include "base/format.h"
#include "base/log.h"
#include "database/user_repository.h"
#include "media/stream_source.h"
#include "vision/cpu.h"
#include "vision/quality.h"

namespace vigil::app {
namespace {

constexpr auto kHousekeepingInterval = std::chrono::milliseconds(200);

std::string Describe(const DetectorInfo& model) {
  return format("{}:{}:{}", model.id, model.hash.substr(0, 12), model.precision);
}

pipeline::SourceFactory MakeSourceFactory(Clock& clock) {
  return [&clock](const Camera& camera, std::stop_token stop) {
    const media::StreamOptions options{.camera_id = camera.id,
                                       .file_pace = media::FilePace::kRealTime};
    return media::OpenStream(camera.url, options, std::move(stop), clock);
  };
}

}  // namespace

Result<std::unique_ptr<Service>> Service::Start(const config::Config& config,
                                                ServiceObservers observers) {
  VIGIL_ASSIGN_OR_RETURN(auto backend, OpenBackend(config));
  std::unique_ptr<Service> service(new Service(std::move(observers), std::move(backend)));
  VIGIL_RETURN_IF_ERROR(service->Compose());
  return service;
}

Service::Service(ServiceObservers observers, std::unique_ptr<Backend> backend)
    : config_(backend->config),
      observers_(std::move(observers)),
      backend_(std::move(backend)),
      started_at_(backend_->GetClock().WallNow()),
      started_steady_(backend_->GetClock().Now()),
      cameras_(GetDatabase()),
      groups_(GetDatabase()),
      persons_(GetDatabase()),
      outbox_(GetDatabase()),
      event_writer_(GetDatabase(), backend_->GetClock(),
                    [this] { backend_->metrics.CountQueueDrops("events"); }) {}

Status Service::Compose() {
  Clock& clock = backend_->GetClock();
  MediaStore& media = *backend_->installation->media;
  VIGIL_ASSIGN_OR_RETURN(auto channels, MakeAllChannels(config_, GetDatabase()));
  const auto routes = alerts::MakeRoutes(channels);
  for (const AlertRoute& route : routes) backend_->metrics.AddChannel(route.channel);

  // What must be there before the first frame: people, and the way of their alerts.
  VIGIL_ASSIGN_OR_RETURN(const auto precision, ConfiguredPrecision(config_));
  VIGIL_ASSIGN_OR_RETURN(auto embedders,
                         MakeEmbedders(config_, precision, RecognitionWorkers(config_)));
  Follow(FollowGallery(backend_->followed, backend_->approximate, backend_->Space(),
                       embedders.front()->Info(), true));
  // SQLite lies on the disk that a spool would: it is away only when the spool is. One that was
  // left before people moved to SQLite is brought all the same.
  const bool spools = config_.UsesPostgres() || std::filesystem::exists(SpoolPath(config_));
  VIGIL_ASSIGN_OR_RETURN(store_,
                         database::IncidentStore::Open(
                             {.spool_file = spools ? SpoolPath(config_) : std::filesystem::path()},
                             GetDatabase(), clock));
  delivery_ = std::make_unique<alerts::Delivery>(
      std::move(channels), *store_, media, clock,
      [this](const alerts::DeliveryReport& report) { NoteDelivery(report); });
  maintenance_ = std::make_unique<database::Maintenance>(
      GetDatabase(), media, clock,
      database::MaintenanceOptions{
          .unmatched_crops_kept = std::chrono::hours(config_.data.unmatched_crop_retention_h),
          .events_kept = std::chrono::hours(config_.data.event_retention_h),
          .events_max = config_.data.events_max,
          .rows = {.incidents = std::chrono::days(config_.data.incident_retention_d),
                   .detections = std::chrono::days(config_.data.detection_retention_d),
                   .deliveries = std::chrono::days(config_.data.delivery_retention_d),
                   .audit = std::chrono::days(config_.data.audit_retention_d),
                   .sessions = std::chrono::days(config_.data.session_retention_d)},
          .audit_heads_file = AuditHeadsFile(config_)});

  VIGIL_RETURN_IF_ERROR(StartRecognition(routes, std::move(embedders)));
  event_writer_.Post("system.started", {{"version", VIGIL_VERSION}});
  VIGIL_RETURN_IF_ERROR(StartApi());
  VIGIL_RETURN_IF_ERROR(SyncConfiguredCameras(config_, cameras_, groups_));
  VIGIL_RETURN_IF_ERROR(ReloadCameras());
  housekeeper_ = std::jthread([this](std::stop_token stop) { KeepHouse(std::move(stop)); });
  return {};
}

Status Service::StartRecognition(const std::vector<AlertRoute>& routes,
                                 std::vector<std::unique_ptr<Embedder>> embedders) {
  Clock& clock = backend_->GetClock();
  VIGIL_ASSIGN_OR_RETURN(auto detectors, MakeDetectors(config_, config_.recognition.min_face_px,
                                                       RecognitionWorkers(config_)));
  VIGIL_ASSIGN_OR_RETURN(auto liveness,
                         MakeLivenessDetectors(config_, RecognitionWorkers(config_)));
  detector_facts_ = detectors.front()->Info();
  const EmbedderInfo embedder = embedders.front()->Info();
  TellEmbedder(embedder);

  incident_engine_ = std::make_unique<pipeline::IncidentEngine>(
      pipeline::IncidentEngineOptions{
          .visit_gap = std::chrono::seconds(config_.recognition.visit_gap_s),
          .keep_unmatched_crops = config_.data.unmatched_crop_retention_h > 0,
          .detector = Describe(detector_facts_)},
      pipeline::IncidentEnginePorts{
          .clock = clock,
          .media = *backend_->installation->media,
          .find_person = [this](const std::string& id) { return FindPerson(id); },
          .store = *store_,
          .metrics = backend_->metrics,
          .routes = routes,
          .watch_rules = [this] { return backend_->watch_rules.Current(); },
          .on_recorded = [this](const database::SightingResult&) { delivery_->Wake(); }});

  engine_ = std::make_unique<pipeline::Engine>(
      pipeline::EngineOptions{
          .recognition = RecognitionOptionsOf(config_.recognition, embedder),
          .camera = {.gate = GateOptionsOf(config_.recognition),
                     .backoff = {},
                     .frozen_after = std::chrono::seconds(config_.recognition.frozen_picture_s)},
          .min_face_px = config_.recognition.min_face_px},
      pipeline::EngineParts{
          .clock = clock,
          .gallery = *backend_->gallery,
          .metrics = backend_->metrics,
          .detectors = std::move(detectors),
          .embedders = std::move(embedders),
          .liveness = std::move(liveness),
          .quality = vision::AssessQuality,
          .open_source = MakeSourceFactory(clock),
          .on_outcome = [this](const pipeline::TrackOutcome& outcome) { NoteOutcome(outcome); },
          .on_camera =
              [this](const pipeline::CameraStatus& status) {
                events_.NoteCamera(status);
                if (observers_.on_camera) observers_.on_camera(status);
              },
          .name_of = [this](const std::string& id) { return backend_->people.NameOf(id); },
          .live = &backend_->live,
          .watch_rules = [this] { return backend_->watch_rules.Current(); }});
  return {};
}

// From memory while the database is away: alerts do not wait for a name.
Result<Person> Service::FindPerson(const std::string& person_id) {
  if (!store_->Away()) {
    Result<Person> person = persons_.Get(person_id);
    if (person.has_value() || person.error().code == ErrorCode::kNotFound) return person;
    if (!config_.UsesPostgres()) return person;
    store_->BeginAway(person.error().message);
  }
  return backend_->people.Find(person_id);
}

Status Service::StartApi() {
  const auto web = FindSetupFile("web/first");
  std::vector<std::filesystem::path> docs;
  for (const char* folder : {"web/docs", "build/swagger-ui"}) {
    if (const auto found = FindSetupFile(folder)) docs.push_back(*found);
  }
  VIGIL_ASSIGN_OR_RETURN(
      api_, api::Api::Make(
                {.database = GetDatabase(),
                 .media = *backend_->installation->media,
                 .gallery = *backend_->gallery,
                 .photos = *backend_->photos,
                 .policy = backend_->photo_policy,
                 .live = backend_->live,
                 .metrics = backend_->metrics,
                 .clock = backend_->GetClock(),
                 .web_directory = web ? *web : std::filesystem::path(),
                 .system_info = [this] { return DescribeSystem(); },
                 .ready = [this] { return Followed()->follower.State().loaded; },
                 .cameras_changed = [this] { cameras_changed_ = true; },
                 .gallery_changed =
                     [this] {
                       people_changed_ = true;
                       Followed()->follower.Wake();
                     },
                 .watch_rules_changed =
                     [this] {
                       // What fails now is tried again by KeepHouse.
                       if (!backend_->watch_rules.Refresh()) watch_rules_changed_ = true;
                     },
                 .stopping = stopping_.get_token(),
                 .cameras_kept_in = CamerasKeptIn(config_),
                 .docs_directories = std::move(docs),
                 .file_channels = ConfiguredChannelOptions(config_),
                 .public_url = config_.alerts.public_url,
                 .channel_states = [this] { return delivery_->States(); },
                 .channels_changed =
                     [this] {
                       // What fails now is tried again by KeepHouse.
                       if (!ReloadChannels()) channels_changed_ = true;
                     },
                 .audit_heads_file = AuditHeadsFile(config_),
                 .alert_due = [this](const std::string& channel) { delivery_->Probe(channel); },
                 .model_switching =
                     {.configured = config_.models.embedder,
                      .check = [this](const std::string& id) { return CheckEmbedder(config_, id); },
                      .changed = [this] { switcher_->Wake(); },
                      .trouble = [this] { return switcher_->Trouble(); }},
                 .photo_turns = &photo_turns_}));
  StartSwitcher();  // changes the API's policy, and answers its requests
  VIGIL_ASSIGN_OR_RETURN(const auto trusted_proxies,
                         api::TrustedProxies::Of(config_.api.trusted_proxies));
  VIGIL_ASSIGN_OR_RETURN(
      server_,
      api::Server::Start({.api = {.address = config_.api.address,
                                  .port = static_cast<std::uint16_t>(config_.api.port)},
                          .local_socket = LocalSocket(config_),
                          .metrics_port = static_cast<std::uint16_t>(config_.api.metrics_port),
                          .metrics_address = "127.0.0.1",
                          .trusted_proxies = trusted_proxies},
                         api_->Application(), api_->Monitoring()));
  return {};
}

Service::~Service() {
  stopping_.request_stop();
  // First of all, so that nobody below waits for a locked database longer than stopping may take.
  GetDatabase().BeginStop();
  if (server_) server_->Stop();
  housekeeper_.request_stop();
  if (housekeeper_.joinable()) housekeeper_.join();
  switcher_.reset();  // uses what follows
  if (engine_) engine_->Stop();
  incident_engine_.reset();
  delivery_.reset();
  store_.reset();
}

Result<std::optional<Secret>> Service::MakeSetupToken() {
  return database::UserRepository(GetDatabase()).MakeSetupToken();
}

Status Service::ReloadCameras() {
  VIGIL_ASSIGN_OR_RETURN(const auto cameras, cameras_.List());
  engine_->SetCameras(cameras);
  return {};
}

// New alerts go to the new channels before old ones are taken away.
Status Service::ReloadChannels() {
  const std::lock_guard lock(channels_mutex_);
  VIGIL_ASSIGN_OR_RETURN(auto channels, MakeAllChannels(config_, GetDatabase()));
  auto routes = alerts::MakeRoutes(channels);
  for (const AlertRoute& route : routes) backend_->metrics.AddChannel(route.channel);
  const auto before = delivery_->States();
  incident_engine_->SetRoutes(routes);
  delivery_->SetChannels(std::move(channels));
  for (const alerts::ChannelState& channel : before) {
    if (std::ranges::find(routes, channel.name, &AlertRoute::channel) == routes.end()) {
      backend_->metrics.RemoveChannel(channel.name);
    }
  }
  return {};
}

// Starting a camera waits for the one it replaces, and people come from the database: neither
// belongs on a request's thread.
void Service::KeepHouse(std::stop_token stop) {
  Clock& clock = backend_->GetClock();
  LogLimiter failures(clock);
  while (clock.SleepUntil(clock.Now() + kHousekeepingInterval, stop)) {
    if (cameras_changed_.exchange(false)) {
      if (const Status done = ReloadCameras(); !done) {
        cameras_changed_ = true;
        failures.Write(LogLevel::kError, "cameras", done.error().message);
      }
    }
    if (channels_changed_.exchange(false)) {
      if (const Status done = ReloadChannels(); !done) {
        channels_changed_ = true;
        failures.Write(LogLevel::kError, "channels", done.error().message);
      }
    }
    RefreshPeople(failures);
    if (watch_rules_changed_.exchange(false)) {
      if (const Status done = backend_->watch_rules.Refresh(); !done) {
        watch_rules_changed_ = true;
        failures.Write(LogLevel::kError, "watch-lists", done.error().message);
      }
    }
    if (const auto state = Followed()->follower.State(); state.loaded) {
      events_.NoteGallery(backend_->gallery->Info(), state.rebuilds);
    }
    SetGauges();
  }
}

// Whom another process enrols is seen in the gallery.
void Service::RefreshPeople(LogLimiter& failures) {
  constexpr std::chrono::seconds kForeignChangesWait{10};
  const SteadyTime now = backend_->GetClock().Now();
  const std::uint64_t sequence = backend_->gallery->Info().sequence;
  const bool foreign = sequence != people_sequence_ && now - people_read_at_ > kForeignChangesWait;
  if (!people_changed_.exchange(false) && !foreign) return;
  people_read_at_ = now;
  if (const Status done = backend_->people.Refresh(); !done) {
    people_changed_ = true;
    failures.Write(LogLevel::kError, "people", done.error().message);
    return;
  }
  people_sequence_ = sequence;
}

void Service::SetGauges() {
  metrics::Metrics& metrics = backend_->metrics;
  const auto gallery = backend_->gallery->Info();
  metrics.SetGallery(gallery.references, gallery.sequence);
  const auto following = Followed();
  const auto follower = following->follower.State();
  const SteadyTime known_at = follower.loaded ? follower.caught_up_at : started_steady_;
  if (following->approximate != nullptr) {
    const auto state = following->approximate->State();
    metrics.SetGalleryRecall(state.recall_at_1, state.recall_at_10);
  }
  metrics.SetGallerySaved(follower.saved_sequence, follower.rebuilds);
  metrics.SetGalleryAge(backend_->GetClock().Now() - known_at);
  metrics.SetQueueDepth("frames", engine_->WaitingFrames());
  metrics.SetQueueDepth("database", GetDatabase().WriteQueueDepth());
  metrics.RaiseQueueDrops("database", GetDatabase().WritesRefused());
  metrics.SetQueueDepth("events", event_writer_.Depth());
  metrics.SetQueueDepth("spool", store_->Waiting());
  // What cannot be counted now is counted next time.
  const auto waiting =
      store_->Away() ? Result<std::int64_t>(std::unexpected(Error{})) : outbox_.PendingCount();
  if (waiting) alerts_waiting_ = static_cast<std::size_t>(*waiting);
  metrics.SetQueueDepth("alerts", alerts_waiting_);
  for (const auto& lane : server_->LaneLoads()) {
    metrics.SetQueueDepth(lane.queue, lane.waiting);
    metrics.RaiseQueueDrops(lane.queue, lane.refused);
  }
  std::error_code failure;
  const auto space = std::filesystem::space(config_.data.directory, failure);
  if (!failure) metrics.SetDataFree(space.available);
}

void Service::NoteOutcome(const pipeline::TrackOutcome& outcome) {
  incident_engine_->Take(outcome);
  events_.NoteOutcome(outcome);
  if (observers_.on_outcome) observers_.on_outcome(outcome);
}

void Service::NoteDelivery(const alerts::DeliveryReport& report) {
  using metrics::AlertResult;
  backend_->metrics.CountAlerts(report.channel,
                                report.state == DeliveryState::kSent   ? AlertResult::kSent
                                : report.state == DeliveryState::kDead ? AlertResult::kDead
                                                                       : AlertResult::kFailed);
  backend_->metrics.ObserveStage(metrics::Stage::kDeliver, report.duration);
  if (report.state == DeliveryState::kSent) {
    backend_->metrics.ObserveStage(metrics::Stage::kFrameToAlert, report.since_event);
  }
  events_.NoteDelivery(report);
  if (observers_.on_delivery) observers_.on_delivery(report);
}

api::SystemInfo Service::DescribeSystem() const {
  const auto following = Followed();
  const auto cpu = vision::DetectCpuFeatures();
  const auto precision = vision::ChoosePrecision(config_.models.precision, cpu);
  api::SystemInfo info{.version = VIGIL_VERSION,
                       .started_at = started_at_,
                       .cpu = precision ? vision::DescribePrecision(cpu, *precision) : "",
                       .detector = detector_facts_,
                       .embedder = following->embedder,
                       .cameras = {},
                       .queues = {}};
  for (const auto& status : engine_->Statuses()) {
    const bool up = status.state == pipeline::CameraState::kUp;
    const bool failed = !up && status.fault != StreamFault::kNone;
    info.cameras.push_back({.id = status.camera_id,
                            .name = status.camera_name,
                            .up = up,
                            .cause = failed ? std::string(StreamFaultName(status.fault)) : "",
                            .mend = failed ? std::string(StreamFaultMend(status.fault)) : "",
                            .last_frame_at = status.last_frame_at});
  }
  info.channels = delivery_->States();
  if (following->approximate != nullptr) info.gallery_index = following->approximate->State();
  const database::Database& database = *backend_->installation->database;
  info.queues = {
      {.name = "frames", .depth = engine_->WaitingFrames(), .drops = engine_->DroppedFrames()},
      {.name = "incidents",
       .depth = incident_engine_->QueueDepth(),
       .drops = incident_engine_->Drops()},
      {.name = "database", .depth = database.WriteQueueDepth()},
      {.name = "alerts", .depth = alerts_waiting_},
      {.name = "events", .depth = event_writer_.Depth(), .drops = event_writer_.Drops()},
      {.name = "spool", .depth = store_->Waiting()}};
  std::error_code unknown;
  const auto space = std::filesystem::space(config_.data.directory, unknown);
  if (!unknown) info.disk = {.free_bytes = space.available, .capacity_bytes = space.capacity};
  return info;
}

}  // namespace vigil::app
