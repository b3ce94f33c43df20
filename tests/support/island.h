/*
 * An island: this process in a network and a file system view of its own, where names resolve
 * as a test says and public addresses are ours. Nothing of it is seen outside.
 */
#ifndef SUPPORT_ISLAND_H
#define SUPPORT_ISLAND_H

#include <stdbool.h>
#include <stddef.h>

/* All zero is none. */
struct island {
	char dir[128];
};

/*
 * Move this process (before it has threads) to an island whose loopback interface also has
 * `address`. False where the system does not permit it; why says what it said.
 */
bool island_enter(struct island *island, const char *address, char *why, size_t size);
/* Remove what the island left on disk; the process stays on it. */
void island_leave(struct island *island);

/* What /etc/hosts says from now on. */
void island_hosts(const struct island *island, const char *text);
/* What /etc/resolv.conf says from now on. */
void island_resolver(const struct island *island, const char *text);

#endif
