"""MTCNN's cascade on whole photos, for the calibration crops only: plain rather than fast. Steps as in Zhang et al., 2016."""
import numpy as np
import openvino as ov

MIN_FACE_PX = 20
SHRINK = 0.709
WINDOW_PX = 12
THRESHOLDS = (0.6, 0.7, 0.7)


class Detector:
    """`nets`: {"pnet", "rnet", "onet"} to the paths of their IR files."""

    def __init__(self, nets):
        core = ov.Core()
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        self._nets = {name: core.compile_model(path, "CPU", settings) for name, path in nets.items()}

    def faces(self, picture):
        """Rows [x1, y1, x2, y2, score, x and y of five landmarks] of an RGB picture, height x width x 3 of uint8, surest first."""
        boxes = self._propose(picture)
        boxes = self._refine(picture, boxes, "rnet", 24, THRESHOLDS[1])
        boxes = self._refine(picture, boxes, "onet", 48, THRESHOLDS[2])
        return boxes

    def _propose(self, picture):
        height, width, _ = picture.shape
        scale = WINDOW_PX / MIN_FACE_PX
        found = [np.empty((0, 9), np.float32)]
        while min(height, width) * scale >= WINDOW_PX:
            resized = resize_area(picture, int(height * scale + 1), int(width * scale + 1))
            found.append(self._windows(resized, scale))
            scale *= SHRINK
        boxes = suppress(np.concatenate(found), 0.7)
        sides = boxes[:, 2:4] - boxes[:, :2]
        boxes[:, :4] += boxes[:, 5:9] * np.tile(sides, 2)
        return square(boxes[:, :5])

    def _windows(self, resized, scale):
        result = self._nets["pnet"](standardise(resized)[None])
        scores, offsets = result["scores"][0, 1], result["offsets"][0]
        rows, columns = np.nonzero(scores >= THRESHOLDS[0])
        corners = np.stack([columns, rows], axis=1) * 2
        boxes = np.concatenate([np.floor((corners + 1) / scale), np.floor((corners + WINDOW_PX) / scale)], axis=1)
        found = np.concatenate([boxes, scores[rows, columns, None], offsets[:, rows, columns].T], axis=1)
        return suppress(found.astype(np.float32), 0.5)

    def _refine(self, picture, boxes, network, side, threshold):
        height, width, _ = picture.shape
        edges = np.trunc(boxes[:, :4]).astype(int)
        edges[:, :2] = np.maximum(edges[:, :2], 1) - 1
        edges[:, 2:] = np.minimum(edges[:, 2:], [width, height])
        inside = (edges[:, 2] > edges[:, 0]) & (edges[:, 3] > edges[:, 1])
        boxes, edges = boxes[inside], edges[inside]
        if not len(boxes):
            return np.empty((0, 15 if network == "onet" else 5), np.float32)
        crops = [standardise(resize_area(picture[y1:y2, x1:x2], side, side)) for x1, y1, x2, y2 in edges]
        result = self._nets[network](np.stack(crops))
        scores = result["scores"][:, 1]
        sure = scores > threshold
        offsets = result["offsets"][sure]
        boxes = np.concatenate([boxes[sure, :4], scores[sure, None]], axis=1)
        last = network == "onet"
        if last:
            boxes = np.concatenate([boxes, _landmarks(boxes, result["landmarks"][sure])], axis=1)
        else:
            chosen = chosen_by_overlap(boxes, 0.7)
            boxes, offsets = boxes[chosen], offsets[chosen]
        boxes[:, :4] += offsets * np.tile(boxes[:, 2:4] - boxes[:, :2] + 1, 2)
        return suppress(boxes, 0.7, by_smaller=True) if last else square(boxes)


def _landmarks(boxes, shares):
    """x and y of five points in turn; `shares`: their five x, then five y, as shares of the box's sides."""
    sides = boxes[:, 2:4] - boxes[:, :2] + 1
    points = shares.reshape(-1, 2, 5).transpose(0, 2, 1) * sides[:, None] + boxes[:, None, :2] - 1
    return points.reshape(-1, 10)


def standardise(picture):
    """Height x width x 3 in 0..255 to the networks' 3 x height x width."""
    return ((picture.transpose(2, 0, 1) - 127.5) * 0.0078125).astype(np.float32)


def resize_area(picture, height, width):
    """Each result pixel is the mean of the source pixels that its cell touches, all with equal weight."""
    rows, columns = _cells(picture.shape[0], height), _cells(picture.shape[1], width)
    return np.einsum("ay,yxc,bx->abc", rows, picture.astype(np.float32), columns, optimize=True)


def _cells(source, target):
    start = np.arange(target) * source // target
    end = -(-(np.arange(target) + 1) * source // target)
    positions = np.arange(source)
    inside = (positions >= start[:, None]) & (positions < end[:, None])
    return (inside / inside.sum(axis=1, keepdims=True)).astype(np.float32)


def square(boxes):
    """Grows the shorter side about the centre."""
    sides = boxes[:, 2:4] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    corner = boxes[:, :2] + sides / 2 - longest / 2
    return np.concatenate([corner, corner + longest, boxes[:, 4:]], axis=1)


def suppress(boxes, overlap, by_smaller=False):
    return boxes[chosen_by_overlap(boxes, overlap, by_smaller)]


def chosen_by_overlap(boxes, overlap, by_smaller=False):
    """Indices, surest first, of the boxes that no surer chosen box overlaps by more than `overlap` of their union or of the
    smaller one."""
    pixel = 1 if by_smaller else 0
    areas = np.prod(boxes[:, 2:4] - boxes[:, :2] + pixel, axis=1)
    order = np.argsort(-boxes[:, 4], kind="stable")
    chosen = []
    while len(order):
        best, order = order[0], order[1:]
        chosen.append(best)
        low = np.maximum(boxes[best, :2], boxes[order, :2])
        high = np.minimum(boxes[best, 2:4], boxes[order, 2:4])
        shared = np.prod(np.maximum(high - low + pixel, 0), axis=1)
        whole = np.minimum(areas[best], areas[order]) if by_smaller else areas[best] + areas[order] - shared
        order = order[shared <= overlap * whole]
    return np.array(chosen, int)
