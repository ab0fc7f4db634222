# CPU:  docker build -t slkd-bench . && docker run --rm slkd-bench
# CUDA: docker build -t slkd-bench:cuda --build-arg BASE=pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime . && docker run --rm --gpus all slkd-bench:cuda run --all --device cuda
ARG BASE=python:3.12-slim
FROM ${BASE}

RUN apt-get update \
 && apt-get install --yes --no-install-recommends git make \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /slkd-bench
COPY . .
# A torch that the base brings stays as it is (a CUDA build say); otherwise constraints.txt decides.
RUN make setup VENV=/opt/slkd-bench PYTHON=python3 \
 && ln -s /opt/slkd-bench/bin/slkd-bench /usr/local/bin/slkd-bench

ENTRYPOINT ["slkd-bench"]
CMD ["run", "--all"]
