"""Brings a model into the store: fetch, check, convert, quantise. Every step is skipped when its result is there and intact."""
import io
import time

from . import archive, download, facenet, minifasnet, mtcnn, onnx_file, onnx_network, torch_tensors
from .errors import ModelError
from .files import whole_file, write_json
from .progress import say
from .store import wanted


class Installer:
    def __init__(self, manifest, store, downloads):
        self.manifest = manifest
        self.store = store
        self.downloads = downloads

    def model(self, model_id):
        try:
            return self.manifest.models[model_id]
        except KeyError:
            known = ", ".join(self.manifest.models)
            raise ModelError(f"no model is called {model_id}; the manifest knows: {known}") from None

    def install(self, model_id):
        model = self.model(model_id)
        if not model.converter:
            raise ModelError(f"{model.id} is listed in the manifest, but this version cannot convert it")
        missing = [pair for pair in wanted(model) if self.store.problem(model, *pair)]
        if not missing:
            self.store.refresh(model)
            say(f"{model.id}: already installed")
            return
        say(f"{model.id}: installing")
        source = download.fetch(model.source, self.downloads)
        for file, precision in missing:
            started = time.monotonic()
            self._derive(model, file, precision, source)
            say(f"  {file.network} {precision}: done in {time.monotonic() - started:.1f} s")

    def _derive(self, model, file, precision, source):
        import openvino

        network = self._int8(model, file) if precision == "int8" else _convert(model, file, source)
        self.store.add(model, file, precision, lambda path: openvino.save_model(network, path, compress_to_fp16=False))

    def _int8(self, model, file):
        from . import quantise

        detector = self.model("mtcnn")
        self.install(detector.id)
        self.install_demo_people()
        nets = {file.network: self.store.path_of(detector, file.network, "fp32") for file in detector.files}
        photos = sorted(self.store.directory.glob("demo-people/*/*/*.jpg"))
        return quantise.quantise(self.store.path_of(model, file.network, "fp32"), nets, photos, model)

    def install_demo_people(self):
        """Unpacks the demo's photos to demo-people/{train,val}/<person>/."""
        people = self.manifest.demo_people
        folder = self.store.directory / "demo-people"
        if (folder / "installed.json").exists() and len(list(folder.glob("*/*/*.jpg"))) == people.photos:
            say("demo-people: already installed")
            return
        source = download.fetch(people.source, self.downloads)
        count = 0
        for split, person, name, data in archive.photos_under(source, people.folder):
            with whole_file(folder / split / person / name) as temporary:
                temporary.write_bytes(data)
            count += 1
        if count != people.photos:
            raise ModelError(f"{source} holds {count} photos under {people.folder}; the manifest expects {people.photos}")
        write_json(folder / "installed.json", {"schema": 1, "source_archive_sha256": people.source.sha256, "photos": count})
        say(f"demo-people: {count} photos")


def _convert(model, file, source):
    data = archive.read_member(source, file.path, file.sha256)
    match model.converter:
        case "mtcnn":
            return mtcnn.build(file.network, torch_tensors.read_state_dictionary(io.BytesIO(data), file.path))
        case "facenet":
            return facenet.build(facenet.read_weights(io.BytesIO(data), file.path))
        case "minifasnet":
            return minifasnet.build(torch_tensors.read_state_dictionary(io.BytesIO(data), file.path))
        case "sface":
            return onnx_network.build_sface(onnx_file.read_graph(data, file.path))
        case "yunet":
            return onnx_network.build_yunet(onnx_file.read_graph(data, file.path))
    raise ModelError(f"{model.id} asks for the converter {model.converter}, which this version does not have")
