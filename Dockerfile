# The observatory without its database: `compose.yaml` gives it one. Same versions as `make run`.
FROM python:3.11-slim-bookworm

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    ORES_HOME=/data \
    ORES_HOST=0.0.0.0

WORKDIR /app
COPY requirements.txt requirements-node.txt ./
RUN pip install --require-hashes --only-binary :all: --no-deps -r requirements.txt -r requirements-node.txt

COPY . .
RUN pip install --no-deps --no-build-isolation -e . \
    && python -m api.assets \
    && useradd --create-home --uid 1000 ores \
    && install -d -o ores /data

USER 1000
VOLUME /data
EXPOSE 8000
# The first start loads the territories before it serves.
HEALTHCHECK --start-period=15m --interval=15s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=5)"]
CMD ["ores", "up"]
