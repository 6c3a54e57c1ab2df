# The image of xero-exporter; docs/deploy.md says how to run it.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

# ---- Everything that is needed to build, and not to run: the build backend, pip's traces, the sources.
FROM ${PYTHON_IMAGE} AS build
WORKDIR /src

# What is installed is what the lock files name, byte by byte: --require-hashes. Wheels only: a source distribution
# would run its own code here, and need a compiler. The environment has no pip: nothing is installed at run time.
COPY requirements/build.txt requirements/run.txt requirements/
RUN python3 -m venv /opt/build \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
        -r requirements/build.txt \
    && python3 -m venv --without-pip /opt/xero-exporter \
    && /opt/build/bin/pip --python /opt/xero-exporter/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements/run.txt

# From here on without the network: --no-index, and --no-build-isolation takes the locked backend from above.
COPY pyproject.toml README.md ./
COPY exporter exporter
# What `xero-exporter bundle` gives out.
COPY alerts alerts
COPY dashboards dashboards
COPY deploy/examples deploy/examples
RUN /opt/build/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-index --no-build-isolation --no-deps \
        --wheel-dir /wheels . \
    && /opt/build/bin/pip --python /opt/xero-exporter/bin/python install --no-cache-dir --disable-pip-version-check \
        --no-index --no-deps /wheels/*.whl

# ---- What runs.
FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="xero-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the Xero connections that a SaaS platform keeps"

# A number and not a name in USER: Kubernetes' runAsNonRoot cannot look a name up.
RUN groupadd --gid 10001 xero-exporter \
    && useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/xero-exporter \
        --shell /usr/sbin/nologin xero-exporter \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/xero-exporter

COPY --from=build /opt/xero-exporter /opt/xero-exporter
ENV PATH=/opt/xero-exporter/bin:${PATH}

# The official image ships Python's own library without bytecode, and a read-only root keeps none: each health check
# would compile what it imports, 390 ms of CPU instead of 130, every 30 s. This compiles what health and serve import.
RUN xero-exporter docs config >/dev/null \
    && python -c "import exporter.app, exporter.cli.loop, exporter.config.load, http.client, ssl"

USER 10001:10001
# Also where temporary files go when there is no /tmp to write to.
WORKDIR /var/lib/xero-exporter
VOLUME /var/lib/xero-exporter
# The configuration, beside which the ledger would be, is read-only as a rule.
ENV XERO_EXPORTER_LEDGER__URL=sqlite:////var/lib/xero-exporter/xero-exporter.db
EXPOSE 9869

HEALTHCHECK --interval=30s --timeout=10s --start-period=10s --retries=3 CMD ["xero-exporter", "health"]
ENTRYPOINT ["xero-exporter"]
CMD ["serve", "--config", "/etc/xero-exporter/xero-exporter.yml"]
