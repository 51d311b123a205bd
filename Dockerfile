# syntax=docker/dockerfile:1
# The gateway as an image, for those who use one. This project's own checks parse this file but build no image: they run
# without a container engine. The workflow in .github/workflows/ci.yml builds it.

FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY . .
# The same set-up as on any machine brings the build tools, each checked by its hash in requirements.lock.
RUN sh scripts/setup.sh
RUN .venv/bin/uv build --quiet --all-packages --wheel --no-build-isolation --python .venv/bin/python --out-dir /wheels
# Only what the gateway and its plugins need, in the versions and with the hashes of requirements.lock.
RUN python -m venv --without-pip /opt/truffles \
    && .venv/bin/uv pip install --quiet --no-cache --compile-bytecode --verify-hashes \
        --python /opt/truffles/bin/python --constraint requirements.lock /wheels/*.whl

FROM python:3.13-slim-bookworm
RUN groupadd --system --gid 10001 truffles \
    && useradd --system --uid 10001 --gid truffles --no-create-home --home-dir /var/lib/truffles truffles \
    && install --directory --owner truffles --group truffles --mode 0700 /var/lib/truffles
COPY --from=build /opt/truffles /opt/truffles
ARG APP_VERSION=unknown
ARG GIT_COMMIT=unknown
ARG BUILD_TIME=unknown
ENV APP_VERSION=$APP_VERSION \
    GIT_COMMIT=$GIT_COMMIT \
    BUILD_TIME=$BUILD_TIME \
    HOST=0.0.0.0 \
    PORT=8080 \
    PATH=/opt/truffles/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRUFFLES_DATA_DIR=/var/lib/truffles
USER truffles
WORKDIR /var/lib/truffles
VOLUME /var/lib/truffles
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
CMD ["truffles", "serve"]
