/* Namespaces of Linux (see the header): user where needed, network and mounts. */
#include "support/island.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fake.h"
#include "support/unit.h"

static bool
write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t len = strlen(text);
	bool is_written = fd >= 0 && write(fd, text, len) == (ssize_t)len;

	if (fd >= 0)
		(void)close(fd);
	return is_written;
}

/* As root at once; else as root of a user namespace of our own. */
static bool
unshare_all(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
		return false;
	(void)write_text("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof map, "0 %u 1", (unsigned)uid);
	bool is_mapped = write_text("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof map, "0 %u 1", (unsigned)gid);
	return is_mapped && write_text("/proc/self/gid_map", map);
}

static bool
set_up_loopback(const char *address)
{
	struct ifreq up = { .ifr_name = "lo" }, alias = { .ifr_name = "lo:1" };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	up.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
	bool is_up = fd >= 0 && inet_pton(AF_INET, address, &in.sin_addr) == 1 &&
		     ioctl(fd, SIOCSIFFLAGS, &up) == 0;
	memcpy(&alias.ifr_addr, &in, sizeof in);
	is_up = is_up && ioctl(fd, SIOCSIFADDR, &alias) == 0;
	if (fd >= 0)
		(void)close(fd);
	return is_up;
}

/* The file of ours in place of the system's. */
static bool
cover(const struct island *island, const char *name, const char *system)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", island->dir, name);
	return write_text(path, "") && mount(path, system, NULL, MS_BIND, NULL) == 0;
}

bool
island_enter(struct island *island, const char *address, char *why, size_t size)
{
	*island = (struct island){ 0 };
	temp_dir_make(island->dir, sizeof island->dir);
	bool is_there = unshare_all() &&
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			set_up_loopback(address) && cover(island, "hosts", "/etc/hosts") &&
			cover(island, "resolv.conf", "/etc/resolv.conf");
	(void)snprintf(why, size, "%s", is_there ? "" : strerror(errno));
	return is_there;
}

void
island_leave(struct island *island)
{
	(void)umount2("/etc/hosts", MNT_DETACH);
	(void)umount2("/etc/resolv.conf", MNT_DETACH);
	temp_dir_remove(island->dir);
}

static void
rewrite(const struct island *island, const char *name, const char *text)
{
	char path[256];

	/* In place: the mount holds on to the file itself. */
	(void)snprintf(path, sizeof path, "%s/%s", island->dir, name);
	if (!write_text(path, text))
		fail_msg("%s: %s", path, strerror(errno));
}

void
island_hosts(const struct island *island, const char *text)
{
	rewrite(island, "hosts", text);
}

void
island_resolver(const struct island *island, const char *text)
{
	rewrite(island, "resolv.conf", text);
}
