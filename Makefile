# mmsync: the only build file.
#
#   make deps      install the Debian packages (apt-get)      make test     everything that proves it
#   make           build/mmsync                               make demo     watch it work in a minute
#   make bench     measured ratios   make torture   faults    make fuzz F=feed      make analyze
#   make soak      simulated weeks of 200 calendars
#   make install   DESTDIR= PREFIX=/usr/local                 make docs     what docs/ has from the program
#
# BUILD=release (default) | dev (fault points) | asan | tsan | cov | analyze, CC=gcc | clang

BUILD ?= release
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
DESTDIR ?=

VERSION := 0.1.0

# ---- packages ------------------------------------------------------------------------------
# What the program is made of, what its tests need beside it, what only the analysis needs.
PKGS_BUILD := gcc libc6-dev make pkg-config libmariadb-dev libcurl4-openssl-dev libjansson-dev \
	libpcre2-dev libicu-dev libssl-dev libyajl-dev libmicrohttpd-dev zlib1g-dev \
	tzdata ca-certificates
# (libical is the tests' second opinion on recurrence rules.)
PKGS_TEST := mariadb-server libcmocka-dev libical-dev pmccabe mandoc man-db gawk bash-completion openssl git
PKGS_BENCH := python3 python3-icalendar python3-pymysql python3-dateutil
PKGS_ANALYZE := clang clang-tidy clang-format cppcheck libclang-rt-dev valgrind

# ---- flags ---------------------------------------------------------------------------------
LIBS := libmariadb libcurl jansson libpcre2-8 icu-i18n icu-uc libcrypto yajl libmicrohttpd zlib
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBS) | sed 's/-I/-isystem /g')
PKG_LIBS = $(shell pkg-config --libs $(LIBS))

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations -Wold-style-definition \
	-Wundef -Wvla -Wwrite-strings -Wcast-qual -Wcast-align -Wpointer-arith -Wformat=2 \
	-Wnull-dereference -Wdouble-promotion -Wimplicit-fallthrough -Wswitch-enum \
	-Wredundant-decls -Wnested-externs -Wdate-time -Wfloat-equal
ifneq (,$(findstring clang,$(CC)))
# gnu-zero-variadic-macro-arguments: cmocka's and our log macro end in an empty list.
WARN += -Wcomma -Wconditional-uninitialized -Wunreachable-code -Wextra-semi-stmt -Wassign-enum \
	-Wno-gnu-zero-variadic-macro-arguments
else
WARN += -Wformat-signedness -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Walloc-zero \
	-Walloca -Wjump-misses-init
endif
HARD := -fno-common -fstack-protector-strong -fstack-clash-protection -fPIE
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 $(HARD)
FLAGS_dev := -O1 -g -DMMS_FAULTS
FLAGS_asan := -O1 -g -DMMS_FAULTS -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
FLAGS_tsan := -O1 -g -DMMS_FAULTS -fsanitize=thread
FLAGS_cov := -O0 -g -DMMS_FAULTS --coverage
# gcc 12 takes memory that a struct on the heap owns for leaked; LeakSanitizer and the fault loops
# find real leaks, so that its two leak warnings are off and all others are errors.
FLAGS_analyze := -O1 -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak -DMMS_FAULTS
LINK_release := -pie -Wl,-z,relro,-z,now

ifeq (,$(FLAGS_$(BUILD)))
$(error BUILD=$(BUILD) is not known: release, dev, asan, tsan, cov, analyze)
endif

OUT := build/$(BUILD)$(if $(findstring clang,$(CC)),-clang)
# A short line for each step; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-5s %s\n' $(1) $(2))
CFLAGS_ALL = -std=c17 -D_GNU_SOURCE -DMMS_VERSION='"$(VERSION)"' -Iinclude -pthread -MMD -MP \
	$(WARN) $(FLAGS_$(BUILD)) $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = $(FLAGS_$(BUILD)) $(LINK_$(BUILD)) -pthread $(LDFLAGS)

# ---- sources -------------------------------------------------------------------------------
LIB_SRC := $(filter-out connector/app/main.c,$(sort $(wildcard connector/*/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(OUT)/%.o) $(OUT)/schema/migrations.o
# The migrations are part of the program: it installs as one file.
MIGRATIONS := $(sort $(wildcard schema/[0-9][0-9][0-9][0-9]_*.sql))
LIB := $(OUT)/libmmsync.a
PROGRAM := $(OUT)/mmsync

# Tests: one program for each file of tests/unit and tests/integration; what they share is in
# tests/support, the fake services in tests/fakes (one program each).
SUPPORT_OBJ := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/support/*.c)))
UNIT := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/unit/*.c)))
INTEGRATION := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/integration/*.c)))
FAKES := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/fakes/*.c)))
GOOGLE_OBJ := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/fakes/google/*.c)))
FUZZ_REPLAY := $(patsubst tests/fuzz/%.c,$(OUT)/tests/fuzz/%,$(filter-out tests/fuzz/standalone.c,$(sort $(wildcard tests/fuzz/*.c))))
BENCHES := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/bench/*.c)))
BENCH_OBJ := $(patsubst %.c,$(OUT)/%.o,$(sort $(wildcard tests/bench/shared/*.c)))
TORTURE := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/torture/*.c)))
SOAK := $(patsubst %.c,$(OUT)/%,$(sort $(wildcard tests/soak/*.c)))
PRELOAD := $(OUT)/tests/preload/fail_malloc.so
CMOCKA_LIBS = $(shell pkg-config --libs cmocka libical)

.DELETE_ON_ERROR:
.SECONDARY:
# What docs/ repeats of the program's tables; docs/tables.c makes it.
TABLES := $(OUT)/docs/tables
TABLED := docs/mmsync.1 docs/completion/mmsync.bash

.PHONY: all program everything deps deps-bench deps-analyze demo test check lint bench \
	bench-programs demo-programs torture torture-programs walks soak soak-programs fuzz analyze docs install format clean

all: program
ifeq ($(BUILD),release)
	@ln -sf release/mmsync build/mmsync
	@echo "built build/mmsync"
endif

program: $(PROGRAM)

# Everything that can be compiled in this variant.
everything: program $(TABLES) $(UNIT) $(INTEGRATION) $(FAKES) $(FUZZ_REPLAY) torture-programs soak-programs

$(PROGRAM): $(OUT)/connector/app/main.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(TABLES): $(OUT)/docs/tables.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)ar rcs $@ $^

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OUT)/schema/migrations.c: $(MIGRATIONS) schema/embed
	@mkdir -p $(@D)
	$(call say,EMBED,$@)
	$(Q)schema/embed $(MIGRATIONS) > $@

$(OUT)/schema/migrations.o: $(OUT)/schema/migrations.c Makefile
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OUT)/tests/%.o: CFLAGS_ALL += -Itests

$(UNIT) $(INTEGRATION): $(OUT)/%: $(OUT)/%.o $(SUPPORT_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(CMOCKA_LIBS)

$(FAKES) $(TORTURE) $(SOAK): $(OUT)/%: $(OUT)/%.o $(SUPPORT_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(CMOCKA_LIBS)

# The service behind it is several files.
$(OUT)/tests/fakes/google_server: $(GOOGLE_OBJ)

torture-programs: program $(TORTURE) $(FAKES) $(PRELOAD)

soak-programs: program $(SOAK) $(FAKES)

# No sanitizer in it: it stands before the allocator.
$(PRELOAD): tests/preload/fail_malloc.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -std=c17 -D_GNU_SOURCE $(filter-out -Wredundant-decls,$(WARN)) -O1 -g -fPIC -shared \
		-fno-builtin -o $@ $<

$(BENCHES): $(OUT)/%: $(OUT)/%.o $(BENCH_OBJ) $(SUPPORT_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(CMOCKA_LIBS)

# Its provider hands up events from memory.
$(OUT)/tests/bench/store_bench: LDFLAGS_ALL += -Wl,--wrap=mms_provider_find

# A fuzz target replays its corpus when it is linked with standalone.o in place of libFuzzer.
$(FUZZ_REPLAY): $(OUT)/%: $(OUT)/%.o $(OUT)/tests/fuzz/standalone.o $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

# ---- the steps -----------------------------------------------------------------------------
deps:
	@tests/tools/install-packages $(PKGS_BUILD) $(PKGS_TEST)

deps-bench:
	@tests/tools/install-packages $(PKGS_BUILD) $(PKGS_TEST) $(PKGS_BENCH)

deps-analyze:
	@tests/tools/install-packages $(PKGS_BUILD) $(PKGS_TEST) $(PKGS_ANALYZE)

# The two commands of the README install what they need first.
demo: deps
	@$(MAKE) --no-print-directory all demo-programs BUILD=release
	@build/mmsync demo

test: deps
	@$(MAKE) --no-print-directory check

# The suite without the package step: lints, the suite, the suite again under ASan and UBSan.
check:
	@tests/tools/check $(T)

lint:
	@tests/lint/all

bench: deps-bench
	@$(MAKE) --no-print-directory all BUILD=release
	@$(MAKE) --no-print-directory -j2 bench-programs BUILD=release
	@BENCH='$(BENCH)' BENCH_ROUNDS='$(BENCH_ROUNDS)' tests/bench/run

bench-programs: program $(BENCHES) $(FAKES)

# The person whose calendar is at Google needs one.
demo-programs: program $(OUT)/tests/fakes/google_server

# make torture TORTURE_ARGS="--story 02 --kind step"
torture:
	@tests/torture/run --full $(TORTURE_ARGS)
	$(if $(TORTURE_ARGS),,@$(MAKE) --no-print-directory walks)

# People, faults and kills at random over a person's calendars: make walks MMS_STEPS=20000 MMS_SEED=7
walks:
	@$(MAKE) -s -j2 build/dev/tests/integration/test_block_walk torture-programs BUILD=dev
	@MMS_STEPS=$(or $(MMS_STEPS),4000) MMS_SEED=$(or $(MMS_SEED),$(shell date +%s)) \
		build/dev/tests/integration/test_block_walk

# Weeks of a town of 200 calendars on a clock that is told: make soak MMS_SOAK_MINUTES=60 MMS_SEED=7
soak:
	@$(MAKE) -s -j2 soak-programs BUILD=dev
	@build/dev/tests/soak/soak

# make fuzz F=feed SECONDS=60
fuzz:
	@tests/fuzz/run "$(F)" "$(SECONDS)"

analyze: deps-analyze
	@tests/tools/analyze

# After a change of commands, options, settings or help: the tables of docs/ and fixtures/help/.
docs: $(PROGRAM) $(TABLES)
	@$(TABLES) --write $(TABLED)
	@docs/golden-help $(PROGRAM)

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

install: $(PROGRAM)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/mmsync
	install -m 644 docs/mmsync.1 $(DESTDIR)$(PREFIX)/share/man/man1/mmsync.1
	install -m 644 docs/completion/mmsync.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/mmsync
	sed 's|@PREFIX@|$(PREFIX)|g' docs/systemd/mmsync@.service \
		> $(DESTDIR)$(PREFIX)/lib/systemd/system/mmsync@.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/mmsync@.service
	install -m 644 docs/systemd/mmsync@.timer \
		$(DESTDIR)$(PREFIX)/lib/systemd/system/mmsync@.timer

clean:
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
