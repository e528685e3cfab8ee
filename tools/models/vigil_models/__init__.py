"""Installs face models: download, check, convert to OpenVINO IR, quantise. See ../README.md."""
