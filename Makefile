# fastdaemon. `make` alone tells what there is to make.

PREFIX ?= /usr/local
# Where the config is looked for: /etc for an installation into the system, below PREFIX for any other.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
# Where the installed daemon makes its socket.
RUNDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/run,$(PREFIX)/var/run)
DESTDIR ?=

SWIFT ?= swift
RELEASE = .build/release
PROGRAMS = fastdaemond fastdaemon_client fastdaemon_bench
HANDLERS = Echo Wait Count
COMPLETIONS = Sources/fastdaemon_client/completions

bin = $(DESTDIR)$(PREFIX)/bin
lib = $(DESTDIR)$(PREFIX)/lib/fastdaemon
include = $(DESTDIR)$(PREFIX)/include
man = $(DESTDIR)$(PREFIX)/share/man
bash = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fish = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
etc = $(DESTDIR)$(SYSCONFDIR)/fastdaemon
units = $(DESTDIR)$(PREFIX)/lib/systemd
UNITS = fastdaemon.service fastdaemon.socket

.PHONY: help build run test test-quick sanitize soak format lint bench bench-peers install uninstall clean

help:
	@echo 'make run        builds for release, and starts the daemon on config/fastdaemon.json in the foreground'
	@echo 'make build      builds for release'
	@echo 'make test       runs all tests: format, import rules, warnings as errors, the suite, fuzzing'
	@echo 'make test-quick runs the suite alone'
	@echo 'make sanitize   runs the suite, but for what measures time or memory, under the thread sanitizer'
	@echo 'make soak       the longer form: SECONDS of a soak (600), of each fuzzer, and what sanitize runs under both sanitizers'
	@echo 'make bench      measures the daemon and its references, and prints ratios; BENCH=... are options of bench.sh'
	@echo 'make bench-peers compares it with Redis, nginx, memcached and others; BENCH=... are options of peers.sh'
	@echo 'make install    installs below PREFIX ($(PREFIX)), inside DESTDIR'
	@echo 'make uninstall  removes that again; a config that was changed is kept'
	@echo 'make format     lays the code out'
	@echo 'make clean      removes what was built'

build:
	$(SWIFT) build -c release

# The libraries go where the shipped config looks for them. One that a daemon has loaded may be replaced: it runs on a copy.
# What others may write to is not loaded, and a umask of 002 makes a clone so: chmod says what it had to change.
run: build
	@chmod --changes go-w . config config/fastdaemon.json
	@install -d -m 755 config/plugins
	@install -m 644 $(HANDLERS:%=$(RELEASE)/lib%.so) config/plugins
	@echo
	@echo 'In another terminal:  $(RELEASE)/fastdaemon_client config/fastdaemon.sock echo hello world'
	@echo
	@exec $(RELEASE)/fastdaemond --config config/fastdaemon.json

test: lint
	Tests/run.sh

test-quick:
	$(SWIFT) test

SECONDS ?= 600

sanitize:
	Tests/sanitize.sh

soak:
	Tests/soak.sh $(SECONDS)

lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Plugins Tests

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Plugins Tests

bench:
	Tests/Benchmarks/bench.sh $(BENCH)

bench-peers:
	Tests/Benchmarks/peers.sh $(BENCH)

# The shipped config, with the folders of the installation.
INSTALLED_CONFIG = sed -e 's|"pluginDirectory": "plugins"|"pluginDirectory": "$(PREFIX)/lib/fastdaemon/plugins"|' \
    -e 's|"unix": "fastdaemon.sock"|"unix": "$(RUNDIR)/fastdaemon.sock"|' config/fastdaemon.json

# The units, likewise.
INSTALLED_UNIT = sed -e 's|/usr/local/bin|$(PREFIX)/bin|' -e 's|/etc/fastdaemon|$(SYSCONFDIR)/fastdaemon|' \
    -e 's|=/run/|=$(RUNDIR)/|'

# What the installed programs and plugins need of Swift goes beside them, so that the machine needs no toolchain.
install: build
	umask 022; mkdir -p $(bin) $(lib)/plugins $(include) $(man)/man1 $(man)/man3 $(man)/man5 $(man)/man8 $(etc) $(DESTDIR)$(RUNDIR)
	umask 022; mkdir -p $(bash) $(zsh) $(fish) $(units)/system $(units)/user
	install -m 755 $(PROGRAMS:%=$(RELEASE)/%) $(bin)
	install -m 644 $(HANDLERS:%=$(RELEASE)/lib%.so) $(lib)/plugins
	ldd $(RELEASE)/fastdaemond $(RELEASE)/fastdaemon_bench $(HANDLERS:%=$(RELEASE)/lib%.so) \
	    | sed -n 's|^.* => \(.*/swift/linux/lib[^ ]*\) .*|\1|p' | sort -u | xargs -I '{}' install -m 644 '{}' $(lib)
	install -m 644 Sources/CFastDaemonPlugin/include/fastdaemon_plugin.h $(include)
	install -m 644 Sources/fastdaemon_client/fastdaemon_client.1 Sources/fastdaemon_bench/fastdaemon_bench.1 $(man)/man1
	install -m 644 Sources/CFastDaemonPlugin/fastdaemon_plugin.h.3 $(man)/man3
	install -m 644 Sources/FastDaemonServer/fastdaemon.json.5 $(man)/man5
	install -m 644 Sources/fastdaemond/fastdaemond.8 $(man)/man8
	install -m 644 $(COMPLETIONS)/fastdaemon_client.bash $(bash)/fastdaemon_client
	install -m 644 $(COMPLETIONS)/_fastdaemon_client $(zsh)
	install -m 644 $(COMPLETIONS)/fastdaemon_client.fish $(fish)
	@for unit in $(UNITS); do \
	    $(INSTALLED_UNIT) config/$$unit | install -m 644 /dev/stdin $(units)/system/$$unit || exit 1; \
	    $(INSTALLED_UNIT) config/user/$$unit | install -m 644 /dev/stdin $(units)/user/$$unit || exit 1; \
	done
	@$(INSTALLED_CONFIG) | install -m 644 /dev/stdin $(etc)/fastdaemon.json.new
	@if [ ! -e $(etc)/fastdaemon.json ]; then \
	    mv $(etc)/fastdaemon.json.new $(etc)/fastdaemon.json; \
	elif cmp -s $(etc)/fastdaemon.json $(etc)/fastdaemon.json.new; then \
	    rm $(etc)/fastdaemon.json.new; \
	else \
	    echo 'kept $(etc)/fastdaemon.json, which was changed; the shipped one is beside it, as fastdaemon.json.new'; \
	fi

# What others put beside it stays: their handlers, and a config that was changed.
uninstall:
	rm -f $(PROGRAMS:%=$(bin)/%) $(include)/fastdaemon_plugin.h
	rm -f $(HANDLERS:%=$(lib)/plugins/lib%.so) $(lib)/lib*.so
	rm -f $(man)/man1/fastdaemon_client.1 $(man)/man1/fastdaemon_bench.1 $(man)/man3/fastdaemon_plugin.h.3
	rm -f $(UNITS:%=$(units)/system/%) $(UNITS:%=$(units)/user/%)
	rm -f $(bash)/fastdaemon_client $(zsh)/_fastdaemon_client $(fish)/fastdaemon_client.fish
	rm -f $(man)/man5/fastdaemon.json.5 $(man)/man8/fastdaemond.8 $(etc)/fastdaemon.json.new
	@if $(INSTALLED_CONFIG) | cmp -s - $(etc)/fastdaemon.json; then rm $(etc)/fastdaemon.json; fi
	@for folder in $(lib)/plugins $(lib) $(etc); do \
	    if [ -d $$folder ] && ! rmdir --ignore-fail-on-non-empty $$folder; then exit 1; fi; \
	    if [ -d $$folder ]; then echo "kept $$folder: $$(ls $$folder | xargs)"; fi; \
	done

clean:
	rm -rf .build
	rm -f $(HANDLERS:%=config/plugins/lib%.so)
