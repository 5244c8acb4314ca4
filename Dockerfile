# The dashboard in a container. The tests check this file's syntax and the files that it names; they do not build it.
#   docker build -t weightbase .
#   docker run -p 127.0.0.1:8000:8000 -e WEIGHTBASE_PASSWORD=… -v weightbase:/data weightbase
FROM python:3.11-slim AS build
WORKDIR /source
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -r /var/lib/apt/lists/*
COPY pyproject.toml README.md LICENSE hatch_build.py mkdocs.yml mkdocs_hooks.py requirements-docs.txt ./
COPY client client
COPY dashboard dashboard
COPY templates templates
COPY static static
COPY docs docs
RUN pip install --no-cache-dir -r requirements-docs.txt && mkdocs build --quiet
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist .

FROM python:3.11-slim
COPY requirements.txt /tmp/requirements.txt
COPY --from=build /dist /tmp/dist
RUN pip install --no-cache-dir --constraint /tmp/requirements.txt /tmp/dist/*.whl \
    && rm -r /tmp/dist /tmp/requirements.txt \
    && useradd --system --create-home weightbase \
    && install --directory --owner weightbase --mode 0700 /data
USER weightbase
ENV WEIGHTBASE_HOME=/data \
    WEIGHTBASE_HOST=0.0.0.0
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["weightbase"]
