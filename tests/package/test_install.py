#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make install and make uninstall, with both prefixes, into a directory where other programs have files too."""
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from boardsim import BUILD, ROOT, Skip, run_tests, until  # noqa: E402

CACHE = os.path.join(ROOT, "build/package")
NEIGHBOURS = ("etc/hosts", "{}/bin/true", "{}/share/man/man1/true.1", "{}/lib/systemd/system/other.service",
              "{}/lib/udev/rules.d/60-other.rules")
# The shell's first word is what is mounted over /usr/local.
IN_PLACE = ("unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c",
            'mount --bind "$0" /usr/local && exec "$@"')


class Installation:
    """A directory into which `make install` installs; what it builds anew for the prefix, it builds apart."""

    def __init__(self, prefix):
        self.prefix = prefix
        os.makedirs(CACHE, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="install-", dir=CACHE)
        self.build = os.path.relpath(os.path.join(self.dir, "build"), ROOT)
        shutil.copytree(BUILD, os.path.join(ROOT, self.build))
        self.destination = os.path.join(self.dir, "destination")
        for name in NEIGHBOURS:
            self.write(name.format(prefix.strip("/")), "of another program\n")
        self.before = self.contents()

    def make(self, verb):
        environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        done = subprocess.run(["make", verb, f"B={self.build}", f"prefix={self.prefix}", f"DESTDIR={self.destination}"],
                              cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def path(self, name):
        return os.path.join(self.destination, name.lstrip("/"))

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read().decode(errors="replace")

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def contents(self):
        """Every file and its contents."""
        names = glob.glob("**", root_dir=self.destination, recursive=True, include_hidden=True)
        return {name: self.read(name) for name in names if os.path.isfile(self.path(name))}

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        shutil.rmtree(self.dir)


def check_agreement(prefix):
    with Installation(prefix) as here:
        here.make("install")
        program = re.search("^ExecStart=(.*)$", here.read(f"{prefix}/lib/systemd/system/gangd.service"), re.M)[1]
        assert program == f"{prefix}/sbin/gangd" and os.access(here.path(program), os.X_OK), program
        reload = re.search("^ExecReload=(.*) reload$", here.read(f"{prefix}/lib/systemd/system/gangd.service"), re.M)[1]
        assert reload == f"{prefix}/bin/gangctl" and os.access(here.path(reload), os.X_OK), reload
        web = f"{prefix}/share/gangd/web"
        assert os.path.exists(here.path(f"{web}/index.html"))
        # What is compiled in, what the configuration says is the default, and the manual.
        assert f"\0{web}\0" in here.read(program)
        assert f"\n#web = {web}\n" in here.read("etc/gangd/gangd.conf")
        assert f".IR {web} ." in here.read(f"{prefix}/share/man/man5/gangd.conf.5")
        for name in (program, f"{prefix}/bin/gangctl"):
            assert "/etc/gangd/gangd.conf\0" in here.read(name), name


def test_unit_programs_and_page_agree_below_usr():
    check_agreement("/usr")


def test_unit_programs_and_page_agree_below_usr_local():
    check_agreement("/usr/local")


def test_what_is_installed_below_usr_local_serves_its_page():
    if subprocess.run([*IN_PLACE, "/mnt", "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("this user may not make namespaces")
    with Installation("/usr/local") as here, socket.socket() as taken:
        here.make("install")
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        here.write("gangd.conf", f"[station]\nbook = {here.dir}/gangd.db\n[product]\nfile = {here.dir}/golden.bin\n"
                   f"[http]\nsocket = {here.dir}/gangd.sock\ngroup =\nlisten = 127.0.0.1:{port}\n")
        with open(os.path.join(here.dir, "log"), "w+", encoding="utf-8") as log:
            gangd = subprocess.Popen([*IN_PLACE, here.path("usr/local"), "/usr/local/sbin/gangd", "--config", here.path("gangd.conf")],
                                     stdout=log, stderr=log)
            try:
                until(lambda: "gangd's socket: " + open(log.name, encoding="utf-8").read(),
                      lambda: os.path.exists(f"{here.dir}/gangd.sock"), patience=60)
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
                    assert page.read().decode() == here.read("usr/local/share/gangd/web/index.html")
            finally:
                gangd.terminate()
                gangd.wait()


def test_uninstall_removes_what_install_brought_and_nothing_else():
    for prefix in ("/usr", "/usr/local"):
        with Installation(prefix) as here:
            here.make("install")
            brought = here.contents().keys() - here.before.keys()
            assert len(brought) > 20 and all("gangd" in name or "gangctl" in name or "boardsim" in name for name in brought), brought
            here.make("uninstall")
            assert here.contents() == here.before
            for name in (f"{prefix}/share/gangd", "etc/gangd"):
                assert not os.path.exists(here.path(name)), name


def test_an_edited_configuration_outlives_install_and_uninstall():
    with Installation("/usr") as here:
        here.make("install")
        here.write("etc/gangd/gangd.conf", "[station]\nname = ours\n")
        assert "gangd.conf exists and is kept" in here.make("install")
        assert "gangd.conf was edited and is kept" in here.make("uninstall")
        assert here.contents() == {**here.before, "etc/gangd/gangd.conf": "[station]\nname = ours\n"}


if __name__ == "__main__":
    run_tests(globals(), at_once=2)
