# The image of Coordina: Python, what requirements.txt names, and the source; compiled, and nobody's to write to.
# Build it with: docker build -t coordina .      compose.yaml says how it is run.

FROM python:3.13.15-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# An environment without pip of its own, so that the image cannot install anything later.
COPY requirements.txt /srv/coordina/
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv install --no-compile -r /srv/coordina/requirements.txt
# A third of it is never read: how days and numbers are written in languages that Coordina does not speak, what
# Twilio sells besides messages, and what Pillow needs for letters, colours and pictures that WhatsApp has not.
RUN find /opt/venv/lib/python3.*/site-packages/babel/locale-data -type f \
        ! -name root.dat ! -name 'es*.dat' ! -name 'en*.dat' -delete \
    && find /opt/venv/lib/python3.*/site-packages/twilio/rest -mindepth 1 -maxdepth 1 -type d \
        ! -name api ! -name content ! -name messaging -exec rm -r {} + \
    && find /opt/venv/lib/python3.*/site-packages/PIL /opt/venv/lib/python3.*/site-packages/pillow.libs -type f \
        -regextype posix-extended -regex '.*/(_(avif|imagingft|imagingcms|imagingtk)\.|lib(avif|freetype|harfbuzz|png16|brotli|lcms2)).*' -delete
COPY config.py environment.py gunicorn.conf.py wsgi.py /srv/coordina/
COPY app /srv/coordina/app
COPY docs/openapi.yaml /srv/coordina/docs/
COPY migrations /srv/coordina/migrations
# Compiled once here, not at every start of every container. The bytecode is never compared with its source, whose
# times a copy may change. Whatever the umask of the machine that builds, everybody may read.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib /srv/coordina \
    && chmod -R a+rX /srv/coordina /opt/venv

FROM python:3.13.15-slim-trixie
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8000
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/coordina /srv/coordina
WORKDIR /srv/coordina
# A number that owns nothing, here or on the machine outside; it needs no name.
USER 10001:10001
EXPOSE 8000
# Gunicorn ends what is under way and then itself; gunicorn.conf.py says how long that may take.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
# The tables are not made here: several containers may start at once. compose.yaml has a service that does it first.
CMD ["gunicorn", "wsgi:app"]
