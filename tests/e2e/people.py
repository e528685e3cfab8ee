"""The people of the model package: `train` photos to enrol, other ones, `val`, to be seen."""

WANTED = "ben_afflek"  # enrolled, and walks by
STRANGER = "mindy_kaling"  # walks by, enrolled only where a test does so


class People:
    def __init__(self, folder):
        self._folder = folder

    def train(self, name):
        return self._photos("train", name)

    def val(self, name):
        return self._photos("val", name)

    def names(self):
        return sorted(folder.name for folder in (self._folder / "train").iterdir())

    def _photos(self, part, name):
        photos = sorted((self._folder / part / name).glob("*.jpg"))
        assert photos, f"no photos of {name} in {self._folder / part}"
        return photos
