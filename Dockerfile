# The village hub. The broker is not inside: compose.yaml runs Mosquitto beside it.
# The steps are those of deploy/install.sh, which a plain Debian computer takes too.

FROM debian:12-slim AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# First the libraries: they change seldom, and their layer is kept.
COPY requirements/ requirements/
COPY deploy/install.sh deploy/install.sh
RUN deploy/install.sh libraries
COPY . .
RUN deploy/install.sh programs

FROM debian:12-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 ca-certificates tini \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 village-hub \
    && useradd --system --uid 10001 --gid village-hub --no-create-home \
        --home-dir /var/lib/village-hub --shell /usr/sbin/nologin village-hub \
    && install -d -m 700 -o village-hub -g village-hub /var/lib/village-hub
COPY --from=build /opt/village-hub /opt/village-hub
ENV PATH=/opt/village-hub/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER village-hub
WORKDIR /var/lib/village-hub
VOLUME /var/lib/village-hub
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/opt/village-hub/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/api/v1/health', timeout=4)"]
# tini takes the ended children of killed workers off the process table.
ENTRYPOINT ["/usr/bin/tini", "--", "village-hub"]
CMD ["run", "--config", "/etc/village-hub/config.yaml"]
