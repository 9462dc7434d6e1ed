# SPDX-License-Identifier: MIT
# A file tests/unit/test_NAME.c is a Check program; so are those in tests/simulation/. tests/run sums them up.
CHECK_SRC   := $(wildcard tests/unit/test_*.c tests/simulation/test_*.c)
CHECK_TESTS := $(patsubst tests/%.c,$(B)/tests/%,$(CHECK_SRC))
TEST_PKGS   := $(DAEMON_PKGS) libcurl check

$(B)/tests/%.o: PKGS = $(TEST_PKGS)

# libboardsim and libproto share no header: only a test may hold both.
$(CHECK_TESTS): $(B)/tests/%: $(B)/tests/%.o $(B)/tests/runner.o $(B)/libdaemon.a $(B)/libproto.a $(B)/libboardsim.a
	$(CC) $(LDFLAGS) -o $@ $^ $(call pkg,libs,$(TEST_PKGS))
