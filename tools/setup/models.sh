#!/bin/sh
# Stage 3: models and the demo's people: downloaded, checked by hash, converted; kept in ~/.cache/vigil.
. "$(dirname "$0")/common.sh"
"$venv/bin/python" "$checkout/tools/models/models.py" install mtcnn facenet-128 ||
    fail "the models could not be installed" "read the line above"
"$venv/bin/python" "$checkout/tools/models/models.py" demo-people ||
    fail "the demo's photos could not be unpacked" "read the line above"
