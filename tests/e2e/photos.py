"""Photos that people really send: good ones, and broken ones."""
import hashlib
import io
import struct

from PIL import Image


def jpeg_of(image):
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=92)
    return out.getvalue()


def one_pixel():
    return jpeg_of(Image.new("RGB", (1, 1)))


def sixty_megapixels():
    """A whole, valid PNG of 10,000 x 6,000 pixels in a few kilobytes."""
    out = io.BytesIO()
    Image.new("1", (10_000, 6_000)).save(out, "PNG")
    return out.getvalue()


def sixty_megapixel_header(photo):
    """A JPEG whose header claims 10,000 x 6,000 pixels."""
    for start_of_frame in (b"\xff\xc0", b"\xff\xc2"):
        at = photo.find(start_of_frame)
        if at >= 0:
            return photo[:at + 5] + struct.pack(">HH", 6_000, 10_000) + photo[at + 9:]
    raise AssertionError("no JPEG frame header")


def faceless():
    """A landscape of gradients."""
    across = Image.linear_gradient("L").resize((640, 480))
    down = Image.linear_gradient("L").rotate(90).resize((640, 480))
    return jpeg_of(Image.merge("RGB", (across, down, Image.blend(across, down, 0.5))))


def side_by_side(paths, height=360):
    """The photos beside each other, as in a group photo."""
    images = [Image.open(path).convert("RGB") for path in paths]
    images = [image.resize((image.width * height // image.height, height)) for image in images]
    group = Image.new("RGB", (sum(image.width for image in images), height))
    left = 0
    for image in images:
        group.paste(image, (left, 0))
        left += image.width
    return jpeg_of(group)


def video_without_frames():
    """An AVI with a video stream of 640x480 Motion-JPEG and not one frame."""
    def chunk(name, content):
        return name + struct.pack("<I", len(content)) + content

    main = struct.pack("<14I", 40_000, 0, 0, 0x10, 0, 0, 1, 0, 640, 480, 0, 0, 0, 0)
    stream = b"vidsMJPG" + struct.pack("<IHHIIIIIIIIHHHH", 0, 0, 0, 0, 1, 25, 0, 0, 0, 0, 0, 0, 0,
                                       640, 480)
    picture = struct.pack("<IiiHH4sIiiII", 40, 640, 480, 1, 24, b"MJPG", 640 * 480 * 3, 0, 0, 0, 0)
    streams = chunk(b"LIST", b"strl" + chunk(b"strh", stream) + chunk(b"strf", picture))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", main) + streams)
    return chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", b"movi") + chunk(b"idx1", b""))


def sha256(content):
    return hashlib.sha256(content).hexdigest()
