# bookingd as a container: docker build -t bookingd .
#
#   docker run -p 8080:8080 -v bookingd:/var/lib/bookingd bookingd       the embedded start, to try it out
#   docker compose up                                                    with servers of its own: compose.yaml
#
# docs/operations.md says how to configure it and hand secrets over.

ARG PYTHON=3.11-slim-bookworm

# Everything that building needs stays in this stage.
FROM python:${PYTHON} AS build
WORKDIR /src
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY bookingd bookingd
COPY actors actors
COPY handlers handlers
COPY sql sql
COPY config config
RUN python -m pip wheel --no-deps --wheel-dir /wheels .
RUN python -m venv --without-pip /opt/bookingd \
    && python -m pip --python /opt/bookingd/bin/python install --no-cache-dir --no-compile /wheels/*.whl \
    && python -m compileall -q /opt/bookingd/lib
RUN mkdir -m 0700 /state

FROM python:${PYTHON}
# Nobody's account but its own; by name too, since PostgreSQL refuses a user without one.
RUN echo 'bookingd:x:10001:' >> /etc/group \
    && echo 'bookingd:x:10001:10001:bookingd:/var/lib/bookingd:/usr/sbin/nologin' >> /etc/passwd
COPY --from=build /opt/bookingd /opt/bookingd
COPY --from=build --chown=10001:10001 /state /var/lib/bookingd
ENV PATH=/opt/bookingd/bin:$PATH
# Inside, all interfaces are the container's own. Where a hung daemon stood is written to its log.
ENV BOOKINGD_SERVER__HOST=0.0.0.0
ENV BOOKINGD_PATHS__VAR=/var/lib/bookingd
ENV PYTHONFAULTHANDLER=1
USER bookingd
WORKDIR /var/lib/bookingd
VOLUME /var/lib/bookingd
EXPOSE 8080
STOPSIGNAL SIGTERM
# The first start of an embedded one makes a database and a flight network.
HEALTHCHECK --interval=15s --timeout=6s --start-period=120s CMD ["bookingd", "ready"]
ENTRYPOINT ["bookingd"]
CMD ["run"]
