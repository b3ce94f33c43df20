/*
 * Which numeric addresses are not public. IPv4 is public unless a row says otherwise; IPv6 only
 * inside 2000::/3, the one block that IANA hands out, less the rows.
 *
 * Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890 and the RFCs named in
 * the rows), IANA IPv6 address space (RFC 4291). 168.63.129.16 is public by its number, but a
 * door of the platform inside Azure (Microsoft Learn, "What is IP address 168.63.129.16?").
 */
#include "mmsync/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct range {
	const char *prefix;
	unsigned bits;
	const char *what;
};

static const char loopback[] = "a loopback address";
static const char private_network[] = "an address of a private network";
static const char link_local[] = "a link-local address (cloud metadata services live there)";
static const char reserved[] = "a reserved address";
static const char documentation[] = "an address for documentation or benchmarks";
static const char multicast[] = "a multicast address";
static const char embedded[] = "an IPv6 address that stands for an IPv4 one";
static const char not_internet[] = "not an internet address";

static const struct range v4_ranges[] = {
	{ "0.0.0.0", 8, "the unspecified address" }, /* RFC 1122: this network          */
	{ "10.0.0.0", 8, private_network },          /* RFC 1918                        */
	{ "100.64.0.0", 10, private_network },       /* RFC 6598: carrier-grade NAT     */
	{ "127.0.0.0", 8, loopback },                /* RFC 1122                        */
	{ "168.63.129.16", 32, "an address of the cloud platform" }, /* see above   */
	{ "169.254.0.0", 16, link_local },      /* RFC 3927; 169.254.169.254       */
	{ "172.16.0.0", 12, private_network },  /* RFC 1918                        */
	{ "192.0.0.0", 24, reserved },          /* RFC 6890: protocol assignments  */
	{ "192.0.2.0", 24, documentation },     /* RFC 5737                        */
	{ "192.88.99.0", 24, reserved },        /* RFC 7526: 6to4 relays           */
	{ "192.168.0.0", 16, private_network }, /* RFC 1918                        */
	{ "198.18.0.0", 15, documentation },    /* RFC 2544                        */
	{ "198.51.100.0", 24, documentation },  /* RFC 5737                        */
	{ "203.0.113.0", 24, documentation },   /* RFC 5737                        */
	{ "224.0.0.0", 4, multicast },          /* RFC 5771                        */
	{ "255.255.255.255", 32, "the broadcast address" }, /* RFC 8190                       */
	{ "240.0.0.0", 4, reserved }, /* RFC 1112                        */
};

static const struct range v6_ranges[] = {
	{ "::", 128, "the unspecified address" }, /* RFC 4291                                 */
	{ "::1", 128, loopback },                 /* RFC 4291                                 */
	{ "::", 96, embedded },                   /* RFC 4291 2.5.5.1: IPv4-compatible        */
	{ "::ffff:0:0", 96, embedded },           /* RFC 4291 2.5.5.2: IPv4-mapped            */
	{ "::ffff:0:0:0", 96, embedded },         /* RFC 2765: IPv4-translated                */
	{ "64:ff9b:1::", 48, private_network },   /* RFC 8215: NAT64 for local use            */
	{ "100::", 64, reserved },                /* RFC 6666: discard                        */
	{ "2001::", 32, embedded },               /* RFC 4380: Teredo                         */
	{ "2001:2::", 48, documentation },        /* RFC 5180: benchmarks                     */
	{ "2001:db8::", 32, documentation },      /* RFC 3849                                 */
	{ "2001::", 23, reserved },               /* RFC 2928: protocol assignments           */
	{ "2002::", 16, embedded },               /* RFC 3056: 6to4                           */
	{ "3fff::", 20, documentation },          /* RFC 9637                                 */
	{ "fc00::", 7, private_network },         /* RFC 4193: ULA; fd00:ec2::254             */
	{ "fe80::", 10, link_local },             /* RFC 4291                                 */
	{ "fec0::", 10, private_network },        /* RFC 3879: site-local                     */
	{ "ff00::", 8, multicast },               /* RFC 4291                                 */
};

static bool
has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(address, prefix, whole) != 0)
		return false;
	return rest == 0 || ((address[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static const char *
find_range(int family, const unsigned char *address, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char prefix[16];

		/* A row that does not parse must not open its range. */
		if (inet_pton(family, ranges[i].prefix, prefix) != 1 ||
		    has_prefix(address, prefix, ranges[i].bits))
			return ranges[i].what;
	}
	return NULL;
}

static const char *
range_of_v4(const unsigned char address[4])
{
	return find_range(AF_INET, address, v4_ranges, MMS_COUNT(v4_ranges));
}

/*
 * 64:ff9b::/96 is how a network without IPv4 reaches the IPv4 internet (RFC 6052), and global
 * by the registry: the IPv4 address in it decides.
 */
static const char *
range_of_v6(const unsigned char address[16])
{
	static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

	if (memcmp(address, nat64, sizeof nat64) == 0)
		return range_of_v4(address + 12) == NULL ? NULL : embedded;

	const char *what = find_range(AF_INET6, address, v6_ranges, MMS_COUNT(v6_ranges));
	if (what != NULL)
		return what;
	return (address[0] & 0xe0) == 0x20 ? NULL : reserved;
}

const char *
mms_guard_range(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof in);
		return range_of_v4((const unsigned char *)&in.sin_addr);
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof in6);
		return range_of_v6(in6.sin6_addr.s6_addr);
	}
	return not_internet;
}

const char *
mms_guard_range_of_text(const char *address)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, address, bytes) == 1)
		return range_of_v4(bytes);
	if (inet_pton(AF_INET6, address, bytes) == 1)
		return range_of_v6(bytes);
	return not_internet;
}

bool
mms_guard_may_reach(enum mms_reach reach, const char *range)
{
	switch (reach) {
	case MMS_REACH_PUBLIC:
		return range == NULL;
	case MMS_REACH_PRIVATE:
		return range != NULL && range != not_internet;
	case MMS_REACH_ANY:
	default:
		return true;
	}
}
