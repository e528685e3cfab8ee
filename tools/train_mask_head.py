"""Trains the head that tells covered faces from FaceNet embeddings, and measures it on faces it never saw.

    vigil embed --precision f32 --largest --min-face 20 --json with_mask without_mask > faces.jsonl
    tools/train_mask_head.py --faces faces.jsonl --probes faces_i8.jsonl --plain lfw.npz --plain-probes lfw_i8.npz \\
        --split lfw --source-sha256 HASH > head.json

`--faces` holds both folders, embedded in fp32; the folder's name tells the class. `--probes` are the same in int8, only
measured. `--plain` holds `names` ("Person_0001") and `vectors` of uncovered faces of LFW, whose View 1 lists under `--split`
keep the people of training and of test apart.

Photos of one person, with one name stem, or more alike than any two people go to the same half. Augmented copies of
photos that may be in the other half are left out. The threshold is set on training faces. A logistic regression, by Newton's method; nothing here is random.
"""
import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np

ALIKE = 0.75  # no two people of LFW are this similar often; copies of a photo always are
PENALTY = 0.1  # of the squared weights; the better of 0.01 and 0.1 in fourfold validation within the training half
FALSE_ALARMS = 0.002  # of training faces without a mask: sets the threshold


def stem_of(path):
    name = re.sub(r"( copy.*| \d+)$", "", Path(path).stem)
    person = re.fullmatch(r"[01]_[01]_([a-z]+)_\d+", name)
    return person.group(1) if person else name


def read_faces(path):
    """(path, covered, embedding) of each photo with a face, and how many photos of each folder had none."""
    faces, missed, total = [], {}, {}
    for line in Path(path).read_text().splitlines():
        photo = json.loads(line)
        folder = Path(photo["path"]).parent.name
        if Path(photo["path"]).stem.startswith("augmented"):
            continue
        total[folder] = total.get(folder, 0) + 1
        if not photo.get("faces"):
            missed[folder] = missed.get(folder, 0) + 1
            continue
        faces.append((photo["path"], folder == "with_mask", np.array(photo["faces"][0]["embedding"])))
    return faces, missed, total


def halves(faces):
    """Whether each face belongs to the test half; groups are never split."""
    vectors = np.array([vector for _, _, vector in faces])
    group = list(range(len(faces)))

    def root(i):
        while group[i] != i:
            i = group[i]
        return i

    stems = [stem_of(path) for path, _, _ in faces]
    alike = vectors @ vectors.T > ALIKE
    for i in range(len(faces)):
        for j in range(i):
            if stems[i] == stems[j] or alike[i, j]:
                group[max(root(i), root(j))] = min(root(i), root(j))
    digest = [hashlib.sha256(stems[root(i)].encode()).digest()[0] for i in range(len(faces))]
    return np.array([value % 2 == 1 for value in digest])


def people(path):
    names = set()
    for line in Path(path).read_text().splitlines()[1:]:
        fields = line.split("\t")
        names.update([fields[0]] if len(fields) == 3 else fields[::2])
    return names


def fit(vectors, covered):
    """Weights and bias; both classes count the same."""
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))])
    shares = np.where(covered, len(covered) / (2 * covered.sum()), len(covered) / (2 * (~covered).sum()))
    shares *= 2 * min(covered.sum(), (~covered).sum()) / len(covered)
    penalty = np.full(inputs.shape[1], PENALTY / vectors.shape[1])
    penalty[-1] = 1e-6
    weights = np.zeros(inputs.shape[1])
    for _ in range(50):
        odds = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (shares * (odds - covered)) + penalty * weights
        curve = (inputs * (shares * odds * (1 - odds))[:, None]).T @ inputs + np.diag(penalty)
        weights -= np.linalg.solve(curve, slope)
    return weights[:-1], weights[-1]


def measure(covered, plain, threshold):
    """Of logits of covered and uncovered faces."""
    strict = np.sort(plain)[max(0, int(np.ceil(len(plain) * 0.99)) - 1)]
    return {
        "covered": len(covered), "uncovered": len(plain),
        "covered_found": round(float((covered >= threshold).mean()), 4),
        "uncovered_flagged": round(float((plain >= threshold).mean()), 4),
        "accuracy": round(float(np.mean([*(covered >= threshold), *(plain < threshold)])), 4),
        "tpr_at_fpr_1_percent": round(float((covered > strict).mean()), 4),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in ("--faces", "--probes", "--plain", "--split"):
        parser.add_argument(option, required=True)
    parser.add_argument("--plain-probes", required=True, help="as --plain, in int8")
    parser.add_argument("--source-sha256", required=True, help="of the embedder's published weights")
    options = parser.parse_args()

    faces, missed, total = read_faces(options.faces)
    covered = np.array([face[1] for face in faces])
    vectors = np.array([face[2] for face in faces])
    test = halves(faces)
    crowd = np.load(options.plain)
    probes = np.load(options.plain_probes)["vectors"]
    owners = np.array([str(name).rsplit("_", 1)[0] for name in crowd["names"]])
    learnt = np.isin(owners, list(people(Path(options.split) / "pairsDevTrain.txt")))
    unseen = np.isin(owners, list(people(Path(options.split) / "pairsDevTest.txt"))) & ~learnt

    weights, bias = fit(np.vstack([vectors[~test], crowd["vectors"][learnt]]),
                        np.concatenate([covered[~test], np.zeros(learnt.sum(), bool)]))

    def judge(some):
        return some @ weights + bias

    train_plain = np.concatenate([judge(vectors[~test & ~covered]), judge(crowd["vectors"][learnt])])
    threshold = float(np.quantile(train_plain, 1 - FALSE_ALARMS))

    coarse = {face[0]: face[2] for face in read_faces(options.probes)[0]}
    both = np.array([face[0] in coarse for face in faces])
    coarse_vectors = np.array([coarse.get(face[0], face[2]) for face in faces])
    tested = {}
    for name, some, plain in (("fp32", vectors, crowd["vectors"]), ("int8", coarse_vectors, probes)):
        known = test & both if name == "int8" else test
        tested[name] = measure(judge(some[known & covered]), judge(some[known & ~covered]), threshold)
        tested[name]["unseen_people_of_lfw_flagged"] = round(float((judge(plain[unseen]) >= threshold).mean()), 5)
        tested[name]["all_of_lfw_flagged"] = round(float((judge(plain) >= threshold).mean()), 5)
    report = {
        "photos": total, "no_face_found": missed, "train": int((~test).sum()), "test": int(test.sum()),
        "lfw_train": int(learnt.sum()), "lfw_unseen": int(unseen.sum()), "measured_on_test": tested,
    }
    json.dump(report, sys.stderr, indent=1)
    print(file=sys.stderr)
    json.dump({
        "schema": 1, "model": "facenet-128", "source_sha256": options.source_sha256,
        "made_by": "tools/train_mask_head.py",
        "trained_on": "Face-Mask-Detection of chandrikadeb7 (half by person) and LFW View 1, training people",
        "threshold": round(1 / (1 + float(np.exp(-threshold))), 5), **report,
        "bias": round(float(bias), 5), "weights": [round(float(weight), 5) for weight in weights],
    }, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
