# goldpan in a container. Build and run:
#
#   docker build -t goldpan .
#   docker run --rm -p 127.0.0.1:5006:5006 -v "$PWD/project:/project" goldpan
#
# /project holds project.yaml, made by `goldpan init`, and its data folder; everything that must survive is there.
# To make a project inside:  docker run --rm -it -v "$PWD/project:/project" goldpan init project.yaml --pool pool.csv
# The container's user has the id 1000; give that user the folder, or add --user "$(id -u):$(id -g)" to docker run.
#
# With an NVIDIA GPU (the driver and its container toolkit on the host):
#
#   docker build --build-arg TORCH=cu130 -t goldpan:cuda .
#   docker run --rm --gpus all -p 127.0.0.1:5006:5006 -v "$PWD/project:/project" goldpan:cuda

ARG PYTHON=3.12

# ---- The environment is built apart, so that pip's cache and the sources stay out of the image. ----
FROM python:${PYTHON}-slim AS build

# Which build of torch: cpu (default), a version of CUDA such as cu130, or auto.
ARG TORCH=cpu

# uv rather than pip, because it knows where torch's CPU and CUDA builds are published. The CPU build is 0.2 GB to
# download, a CUDA build with its libraries several.
ENV UV_TORCH_BACKEND=${TORCH} UV_NO_CACHE=1 UV_COMPILE_BYTECODE=1 VIRTUAL_ENV=/opt/goldpan
RUN pip install --no-cache-dir --disable-pip-version-check uv && uv venv /opt/goldpan
WORKDIR /src

# The pinned dependencies first: their layer is the largest and changes least. A CUDA build of torch brings libraries
# that the lock, made for the CPU, does not name; they follow from torch's own pin.
COPY requirements.lock requirements-postgres.lock ./
RUN uv pip install -r requirements.lock -r requirements-postgres.lock

COPY . .
RUN uv pip install --no-deps .

# ---- What runs ----
FROM python:${PYTHON}-slim

# numba keeps what it compiled in NUMBA_CACHE_DIR, below HOME: writable, and not worth a volume.
ENV PATH=/opt/goldpan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/home/goldpan \
    NUMBA_CACHE_DIR=/home/goldpan/.cache/numba

RUN useradd --uid 1000 --create-home goldpan \
    && mkdir /project \
    && chown goldpan:goldpan /project
COPY --from=build /opt/goldpan /opt/goldpan

USER goldpan
WORKDIR /project
VOLUME /project
EXPOSE 5006

# The server answers before a model exists, so a short start period is enough. Python, for slim has no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5006/api/health', timeout=4).read()"]

# 0.0.0.0 is needed inside, or the published port would reach nobody; who may connect is decided by `-p` above, which
# publishes on the host's loopback only. Nobody signs in here: for a network give --login, see docs/team.md.
ENTRYPOINT ["goldpan"]
CMD ["serve", "project.yaml", "--address", "0.0.0.0", "--port", "5006", "--open-to-network", "--no-open"]
