/* The address guard: numeric addresses, the text of addresses, redirects, http.allow_hosts. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "mmsync/guard.h"
#include "mmsync/http.h"

/* Each range with its first and last address and its neighbours outside. */
static const struct {
	const char *address;
	bool is_public;
} addresses[] = {
	{ "8.8.8.8", true },
	{ "1.0.0.0", true },
	{ "0.0.0.0", false },
	{ "0.255.255.255", false },
	{ "9.255.255.255", true },
	{ "10.0.0.0", false },
	{ "10.255.255.255", false },
	{ "11.0.0.0", true },
	{ "100.63.255.255", true },
	{ "100.64.0.0", false },
	{ "100.100.100.200", false }, /* metadata of Alibaba Cloud */
	{ "100.127.255.255", false },
	{ "100.128.0.0", true },
	{ "126.255.255.255", true },
	{ "127.0.0.0", false },
	{ "127.0.0.1", false },
	{ "127.255.255.255", false },
	{ "128.0.0.0", true },
	{ "168.63.129.15", true },
	{ "168.63.129.16", false }, /* Azure */
	{ "168.63.129.17", true },
	{ "169.253.255.255", true },
	{ "169.254.0.0", false },
	{ "169.254.169.254", false }, /* metadata of most clouds */
	{ "169.254.255.255", false },
	{ "169.255.0.0", true },
	{ "172.15.255.255", true },
	{ "172.16.0.0", false },
	{ "172.31.255.255", false },
	{ "172.32.0.0", true },
	{ "191.255.255.255", true },
	{ "192.0.0.0", false },
	{ "192.0.0.192", false }, /* metadata of Oracle Cloud */
	{ "192.0.0.255", false },
	{ "192.0.1.0", true },
	{ "192.0.2.0", false },
	{ "192.0.2.255", false },
	{ "192.0.3.0", true },
	{ "192.88.98.255", true },
	{ "192.88.99.1", false },
	{ "192.88.100.0", true },
	{ "192.167.255.255", true },
	{ "192.168.0.0", false },
	{ "192.168.255.255", false },
	{ "192.169.0.0", true },
	{ "198.17.255.255", true },
	{ "198.18.0.0", false },
	{ "198.19.255.255", false },
	{ "198.20.0.0", true },
	{ "198.51.99.255", true },
	{ "198.51.100.0", false },
	{ "198.51.100.255", false },
	{ "198.51.101.0", true },
	{ "203.0.112.255", true },
	{ "203.0.113.0", false },
	{ "203.0.113.255", false },
	{ "203.0.114.0", true },
	{ "223.255.255.255", true },
	{ "224.0.0.0", false },
	{ "239.255.255.255", false },
	{ "240.0.0.0", false },
	{ "255.255.255.254", false },
	{ "255.255.255.255", false },
	{ "2606:4700:4700::1111", true },
	{ "2a00:1450:4001:830::200e", true },
	{ "::", false },
	{ "::1", false },
	{ "::2", false },
	{ "::7f00:1", false },            /* IPv4-compatible 127.0.0.1 */
	{ "::8.8.8.8", false },           /* IPv4-compatible           */
	{ "::ffff:127.0.0.1", false },    /* IPv4-mapped               */
	{ "::ffff:8.8.8.8", false },      /* IPv4-mapped               */
	{ "::ffff:0:127.0.0.1", false },  /* IPv4-translated           */
	{ "64:ff9b::7f00:1", false },     /* NAT64 of 127.0.0.1        */
	{ "64:ff9b::a9fe:a9fe", false },  /* NAT64 of 169.254.169.254  */
	{ "64:ff9b::a00:1", false },      /* NAT64 of 10.0.0.1         */
	{ "64:ff9b::808:808", true },     /* NAT64 of 8.8.8.8          */
	{ "64:ff9b::1:0:0", false },      /* next to it                */
	{ "64:ff9b:1::808:808", false },  /* local NAT64               */
	{ "100::1", false },              /* discard                   */
	{ "2001::1", false },             /* Teredo                    */
	{ "2001:0:4136:e378::1", false }, /* Teredo                    */
	{ "2001:2::1", false },           /* benchmarks                */
	{ "2001:10::1", false },          /* ORCHID                    */
	{ "2001:1ff:ffff::1", false },
	{ "2001:200::1", true },
	{ "2001:4860:4860::8888", true },
	{ "2001:db8::1", false },
	{ "2001:db9::1", true },
	{ "2002:7f00:1::1", false }, /* 6to4 of 127.0.0.1 */
	{ "2002:808:808::1", false },
	{ "2003::1", true },
	{ "3ffe::1", true },
	{ "3fff::1", false },
	{ "3fff:fff:ffff::1", false },
	{ "3fff:1000::1", true },
	{ "4000::1", false }, /* not handed out */
	{ "5f00::1", false }, /* segment routing */
	{ "1fff::1", false },
	{ "fc00::1", false },
	{ "fd00:ec2::254", false }, /* metadata of AWS */
	{ "fd20:ce::254", false },  /* metadata of Google Cloud */
	{ "fe80::1", false },
	{ "febf::1", false },
	{ "fec0::1", false },
	{ "ff02::1", false },
	{ "ff0e::1", false },
};

static void
numeric_addresses_are_public_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < MMS_COUNT(addresses); i++) {
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
		const char *text = addresses[i].address, *range;

		if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
			range = mms_guard_range((const struct sockaddr *)&in);
		} else {
			assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
			range = mms_guard_range((const struct sockaddr *)&in6);
		}
		if ((range == NULL) != addresses[i].is_public)
			fail_msg("%s: %s", text, range != NULL ? range : "public");
		if (range != mms_guard_range_of_text(text))
			fail_msg("%s: its text is judged differently", text);
	}
}

static void
what_is_no_internet_address_is_refused(void **state)
{
	const struct sockaddr_un local = { .sun_family = AF_UNIX };

	(void)state;
	assert_non_null(mms_guard_range((const struct sockaddr *)&local));
	assert_non_null(mms_guard_range_of_text(""));
	assert_non_null(mms_guard_range_of_text("8.8.8"));
	assert_non_null(mms_guard_range_of_text("fe80::1%eth0"));
	assert_false(mms_guard_may_reach(MMS_REACH_PUBLIC, mms_guard_range_of_text("x")));
	assert_false(mms_guard_may_reach(MMS_REACH_PRIVATE, mms_guard_range_of_text("x")));
	assert_false(mms_guard_may_reach(MMS_REACH_PRIVATE, NULL));
	assert_true(mms_guard_may_reach(MMS_REACH_PRIVATE, mms_guard_range_of_text("::1")));
}

static const char *const allowed[] = { "Intranet.Example.com:8080", "10.1.2.3:80",
				       "[FD00:0::5]:443", "cal.example.com.:443",
				       "m\xc3\xbcller.example.com:80" };

/* want: the address as it is sent, or NULL with a part of the error's text. */
struct text_row {
	const char *url;
	bool is_feed;
	const char *want;
	enum mms_reach reach;
	const char *text;
};

static const struct text_row texts[] = {
	{ "https://cal.example.org/a.ics", true, "https://cal.example.org/a.ics",
	  MMS_REACH_PUBLIC, NULL },
	{ " \thttps://cal.example.org/a.ics\r\n", true, "https://cal.example.org/a.ics",
	  MMS_REACH_PUBLIC, NULL },
	{ "HTTPS://CAL.Example.ORG", true, "https://cal.example.org/", MMS_REACH_PUBLIC, NULL },
	{ "http://cal.example.org:80/a", true, "http://cal.example.org:80/a", MMS_REACH_PUBLIC,
	  NULL },
	{ "https://u:p@cal.example.org/a#part", true, "https://cal.example.org/a",
	  MMS_REACH_PUBLIC, NULL },
	{ "https://cal.example.org/My Feed.ics?q=a b", true,
	  "https://cal.example.org/My%20Feed.ics?q=a+b", MMS_REACH_PUBLIC, NULL },
	{ "https://cal.example.org./a", true, "https://cal.example.org./a", MMS_REACH_PUBLIC,
	  NULL },
	{ "https://B\xc3\x9c"
	  "cher.example.com/",
	  true, "https://xn--bcher-kva.example.com/", MMS_REACH_PUBLIC, NULL },
	{ "webcal://cal.example.org/a", true, "https://cal.example.org/a", MMS_REACH_PUBLIC,
	  NULL },
	{ "WebCals://cal.example.org:444/a", true, "https://cal.example.org:444/a",
	  MMS_REACH_PUBLIC, NULL },
	{ "http://8.8.8.8/", true, "http://8.8.8.8/", MMS_REACH_PUBLIC, NULL },
	{ "http://[2606:4700::1]:81/", true, "http://[2606:4700::1]:81/", MMS_REACH_PUBLIC,
	  NULL },
	/* allowed hosts: exactly this name and port */
	{ "http://intranet.example.com:8080/a", true, "http://intranet.example.com:8080/a",
	  MMS_REACH_ANY, NULL },
	{ "http://INTRANET.example.com.:8080/a", true, "http://INTRANET.example.com.:8080/a",
	  MMS_REACH_ANY, NULL },
	{ "http://intranet.example.com:8081/a", true, "http://intranet.example.com:8081/a",
	  MMS_REACH_PUBLIC, NULL },
	{ "http://x.intranet.example.com:8080/", true, "http://x.intranet.example.com:8080/",
	  MMS_REACH_PUBLIC, NULL },
	{ "webcal://intranet.example.com:8080/a", true, "http://intranet.example.com:8080/a",
	  MMS_REACH_PRIVATE, NULL },
	{ "webcals://intranet.example.com:8080/a", true, "https://intranet.example.com:8080/a",
	  MMS_REACH_ANY, NULL },
	{ "webcal://cal.example.com/a", true, "https://cal.example.com/a", MMS_REACH_ANY,
	  NULL },
	{ "webcal://10.1.2.3/a", true, "http://10.1.2.3/a", MMS_REACH_PRIVATE, NULL },
	{ "https://[fd00::5]/", true, "https://[fd00::5]/", MMS_REACH_ANY, NULL },
	{ "http://xn--mller-kva.example.com/", true, "http://xn--mller-kva.example.com/",
	  MMS_REACH_ANY, NULL },
	{ "http://10.1.2.3/", true, "http://10.1.2.3/", MMS_REACH_ANY, NULL },
	{ "http://10.1.2.3:81/", true, NULL, 0, "http://10.1.2.3: it leads to an address of" },
	{ "http://10.1.2.4/", true, NULL, 0, "http://10.1.2.4: it leads to an address of" },
	/* numeric hosts */
	{ "http://127.0.0.1/", true, NULL, 0, "http://127.0.0.1: it leads to a loopback" },
	{ "http://127.0.0.1./", true, NULL, 0, "http://127.0.0.1: it leads to a loopback" },
	{ "https://[::1]/", true, NULL, 0, "https://[::1]: it leads to a loopback" },
	{ "https://[0:0:0:0:0:0:0:1]/", true, NULL, 0,
	  "https://[::1]: it leads to a loopback" },
	{ "https://[fe80::1%25eth0]/", true, NULL, 0, "https://[fe80::1]: it leads to a link" },
	{ "https://[::ffff:8.8.8.8]/", true, NULL, 0, "stands for an IPv4 one" },
	{ "https://[::ffff:7f00:1]/", true, NULL, 0, "stands for an IPv4 one" },
	{ "http://169.254.169.254/latest/meta-data/", true, NULL, 0, "cloud metadata" },
	/* odd spellings, of public addresses too */
	{ "http://2130706433/", true, NULL, 0, "not written as an IPv4" },
	{ "http://0x7f.1/", true, NULL, 0, "not written as an IPv4" },
	{ "http://0X7F000001/", true, NULL, 0, "not written as an IPv4" },
	{ "http://0177.0.0.1/", true, NULL, 0, "not written as an IPv4" },
	{ "http://127.1/", true, NULL, 0, "not written as an IPv4" },
	{ "http://010.8.8.8/", true, NULL, 0, "not written as an IPv4" },
	{ "http://134744072/", true, NULL, 0, "not written as an IPv4" },
	{ "http://%31%32%37.0.0.1/", true, NULL, 0, "not written as an IPv4" },
	{ "http://8.8.8.%38/", true, NULL, 0, "not written as an IPv4" },
	{ "http://256.1.1.1/", true, NULL, 0, "not written as an IPv4" },
	{ "http://1.2.3.4.5/", true, NULL, 0, "not written as an IPv4" },
	{ "http://4294967296/", true, NULL, 0, "not written as an IPv4" },
	{ "http://a.0x7f/", true, NULL, 0, "not written as an IPv4" },
	{ "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", true, NULL, 0,
	  "not written as" },
	{ "http://u:p@0x7f.1:80/", true, NULL, 0, "not written as an IPv4" },
	{ "http://8.8.8.8:80?http://0x7f.1/", true, "http://8.8.8.8:80/?http://0x7f.1/",
	  MMS_REACH_PUBLIC, NULL },
	/* what is no address of a feed */
	{ "file:///etc/passwd", true, NULL, 0, "begins with none of" },
	{ "ftp://cal.example.org/a", true, NULL, 0, "begins with none of" },
	{ "gopher://127.0.0.1:70/x", true, NULL, 0, "begins with none of" },
	{ "javascript:alert(1)", true, NULL, 0, "begins with none of" },
	{ "cal.example.org/a.ics", true, NULL, 0, "begins with none of" },
	{ "https:/cal.example.org", true, NULL, 0, "begins with none of" },
	{ "", true, NULL, 0, "begins with none of" },
	{ "https://", true, NULL, 0, "no host name" },
	{ "https:///a", true, NULL, 0, "no host name" },
	{ "https://cal.example.org:0/", true, NULL, 0, "port" },
	{ "https://cal.example.org:65536/", true, NULL, 0, "port" },
	{ "https://u:p/w@cal.example.org/", true, NULL, 0, "port" },
	{ "https://u:p@w@cal.example.org/", true, NULL, 0, "host name is not one" },
	{ "https://[::1/", true, NULL, 0, "IPv6" },
	{ "https://a\nb/", true, NULL, 0, "address cannot be used" },
	{ "https://cal.example.org/a\nb", true, NULL, 0, "control character" },
	{ "https://u%00:p@cal.example.org/", true, NULL, 0, "user name" },
	{ "https://\xff.example.com/", true, NULL, 0, "ASCII" },
	/* services */
	{ "https://www.example.com/calendar/v3", false, "https://www.example.com/calendar/v3",
	  MMS_REACH_ANY, NULL },
	{ "https://10.0.0.1/", false, "https://10.0.0.1/", MMS_REACH_ANY, NULL },
	{ "http://intranet.example.com:8080/", false, "http://intranet.example.com:8080/",
	  MMS_REACH_PRIVATE, NULL },
	{ "http://10.1.2.3/", false, "http://10.1.2.3/", MMS_REACH_PRIVATE, NULL },
	{ "http://www.example.com/", false, NULL, 0, "https only" },
	{ "http://10.0.0.1/", false, NULL, 0, "https only" },
};

static void
check_text(const struct mms_guard *guard, const struct text_row *row)
{
	MMS_AUTO(mms_target) target = { 0 };
	MMS_AUTO(mms_err) err = { 0 };
	mms_rc rc = mms_guard_read(guard, row->url, row->is_feed, &target, &err);

	if (rc != (row->want != NULL ? MMS_OK : MMS_E_CONFIG))
		fail_msg("'%s': %s %s", row->url, mms_rc_name(rc), mms_err_text(&err));
	if (rc == MMS_OK && strcmp(target.url, row->want) != 0)
		fail_msg("'%s' became %s", row->url, target.url);
	if (rc == MMS_OK && target.reach != row->reach)
		fail_msg("'%s' reaches %d", row->url, (int)target.reach);
	if (rc != MMS_OK && strstr(mms_err_text(&err), row->text) == NULL)
		fail_msg("'%s': %s", row->url, mms_err_text(&err));
	if (rc != MMS_OK && mms_err_hint(&err)[0] == '\0')
		fail_msg("'%s': no hint", row->url);
}

static void
addresses_are_read_and_judged(void **state)
{
	MMS_AUTO(mms_guard) guard = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_guard_init(&guard, false, allowed, MMS_COUNT(allowed), &err),
			 MMS_OK);
	for (size_t i = 0; i < MMS_COUNT(texts); i++)
		check_text(&guard, &texts[i]);
}

static void
a_refused_address_names_the_setting_and_the_very_entry(void **state)
{
	static const struct {
		const char *url, *entry;
	} rows[] = {
		{ "http://127.0.0.1:8000/secret",
		  "add \"127.0.0.1:8000\" to http.allow_hosts" },
		{ "https://10.0.0.9/secret", "add \"10.0.0.9:443\" to http.allow_hosts" },
		{ "https://u:p@[::1]:8443/", "add \"[::1]:8443\" to http.allow_hosts" },
	};
	const struct mms_guard guard = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_target) target = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(mms_guard_read(&guard, rows[i].url, true, &target, &err),
				 MMS_E_CONFIG);
		if (strstr(mms_err_hint(&err), rows[i].entry) == NULL)
			fail_msg("%s: %s", rows[i].url, mms_err_hint(&err));
	}
}

static void
all_private_addresses_can_be_allowed(void **state)
{
	const struct mms_guard guard = { .may_reach_private = true };
	MMS_AUTO(mms_target) feed = { 0 }, service = { 0 }, odd = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_guard_read(&guard, "http://127.0.0.1:1/", true, &feed, &err),
			 MMS_OK);
	assert_int_equal(feed.reach, MMS_REACH_ANY);
	assert_int_equal(mms_guard_read(&guard, "http://10.0.0.1/", false, &service, &err),
			 MMS_OK);
	assert_int_equal(service.reach, MMS_REACH_PRIVATE);
	assert_int_equal(mms_guard_read(&guard, "http://0x7f.1/", true, &odd, &err),
			 MMS_E_CONFIG);
}

static void
user_and_password_are_decoded_and_leave_the_address(void **state)
{
	static const struct {
		const char *url, *user, *password;
	} rows[] = {
		{ "https://cal.example.org/", NULL, NULL },
		{ "https://anna@cal.example.org/", "anna", NULL },
		{ "https://anna:@cal.example.org/", "anna", "" },
		{ "https://anna%40example.org:p%3Aw%2F@cal.example.org/", "anna@example.org",
		  "p:w/" },
	};
	const struct mms_guard guard = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_target) t = { 0 };
		MMS_AUTO(mms_err) err = { 0 };

		assert_int_equal(mms_guard_read(&guard, rows[i].url, true, &t, &err), MMS_OK);
		assert_string_equal(t.url, "https://cal.example.org/");
		assert_string_equal(t.user != NULL ? t.user : "-",
				    rows[i].user != NULL ? rows[i].user : "-");
		assert_string_equal(t.password != NULL ? t.password : "-",
				    rows[i].password != NULL ? rows[i].password : "-");
	}
}

struct redirect_row {
	const char *from, *location, *want, *text;
};

static const struct redirect_row redirects[] = {
	{ "https://a.example.org/x/y", "https://b.example.org/z", "https://b.example.org/z",
	  NULL },
	{ "https://a.example.org/x/y", "/z?q=1", "https://a.example.org/z?q=1", NULL },
	{ "https://a.example.org/x/y", "z", "https://a.example.org/x/z", NULL },
	{ "https://a.example.org/x/y", "../z", "https://a.example.org/z", NULL },
	{ "https://a.example.org/x/y", "?q=2", "https://a.example.org/x/y?q=2", NULL },
	{ "https://a.example.org:444/x", "//b.example.org/z", "https://b.example.org/z", NULL },
	{ "http://a.example.org/x", "https://a.example.org/x", "https://a.example.org/x",
	  NULL },
	{ "http://a.example.org/x", "http://b.example.org/", "http://b.example.org/", NULL },
	{ "https://a.example.org/x", "webcal://b.example.org/z", "https://b.example.org/z",
	  NULL },
	{ "https://a.example.org/x", "https://u:p@b.example.org/z", "https://b.example.org/z",
	  NULL },
	{ "https://8.8.8.8/x", "/login?next=http://0x7f.1/",
	  "https://8.8.8.8/login?next=http://0x7f.1/", NULL },
	{ "https://a.example.org/x", "http://intranet.example.com:8080/",
	  "http://intranet.example.com:8080/", NULL },
	{ "http://intranet.example.com:8080/", "http://intranet.example.com:8080/b",
	  "http://intranet.example.com:8080/b", NULL },
	{ "https://a.example.org/x", "http://a.example.org/x", NULL,
	  "redirected to http://a.example.org: that would be http after https" },
	{ "http://intranet.example.com:8080/", "http://10.0.0.1/", NULL,
	  "redirected to http://10.0.0.1: it leads to an address of a private network" },
	{ "http://intranet.example.com:8080/", "http://127.0.0.1:8080/", NULL, "loopback" },
	{ "https://a.example.org/", "https://[::1]/", NULL, "loopback" },
	{ "https://a.example.org/", "//0x7f.1/", NULL, "not written as an IPv4" },
	{ "https://a.example.org/", "file:///etc/passwd", NULL, "begins with none of" },
	{ "https://a.example.org/", "data:text/calendar,x", NULL, "begins with none of" },
	{ "https://a.example.org/", "ldap://b.example.org/", NULL, "begins with none of" },
	{ "https://a.example.org/", "https://b.example.org:0/", NULL, "port" },
};

static void
redirects_are_judged_like_addresses(void **state)
{
	MMS_AUTO(mms_guard) guard = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	assert_int_equal(mms_guard_init(&guard, false, allowed, MMS_COUNT(allowed), &err),
			 MMS_OK);
	for (size_t i = 0; i < MMS_COUNT(redirects); i++) {
		const struct redirect_row *row = &redirects[i];
		MMS_AUTO(mms_target) from = { 0 }, to = { 0 };

		assert_int_equal(mms_guard_read(&guard, row->from, true, &from, &err), MMS_OK);
		mms_rc rc = mms_guard_follow(&guard, &from, row->location, &to, &err);
		if (rc != (row->want != NULL ? MMS_OK : MMS_E_CONFIG))
			fail_msg("%s -> %s: %s", row->from, row->location, mms_err_text(&err));
		if (rc == MMS_OK && strcmp(to.url, row->want) != 0)
			fail_msg("%s -> %s became %s", row->from, row->location, to.url);
		if (rc == MMS_OK && (to.user != NULL || to.password != NULL))
			fail_msg("%s: a redirect brought a user", row->location);
		if (rc != MMS_OK && strstr(mms_err_text(&err), row->text) == NULL)
			fail_msg("%s -> %s: %s", row->from, row->location, mms_err_text(&err));
	}
}

static void
what_belongs_to_one_origin_stays_there(void **state)
{
	static const struct {
		const char *a, *b;
		bool want;
	} rows[] = {
		{ "https://a.example.org/x", "https://A.example.org:443/y", true },
		{ "http://a.example.org/x", "https://a.example.org/x", true },
		{ "http://a.example.org/x", "http://a.example.org/y", true },
		{ "http://a.example.org:8080/x", "https://a.example.org/x", false },
		{ "http://a.example.org/x", "https://a.example.org:8443/x", false },
		{ "https://a.example.org/x", "http://a.example.org/x", false },
		{ "https://a.example.org/x", "https://a.example.org:444/x", false },
		{ "https://a.example.org/x", "https://b.example.org/x", false },
		{ "https://a.example.org/x", "https://x.a.example.org/x", false },
	};
	const struct mms_guard guard = { 0 };
	MMS_AUTO(mms_err) err = { 0 };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_target) a = { 0 }, b = { 0 };

		assert_int_equal(mms_guard_read(&guard, rows[i].a, true, &a, &err), MMS_OK);
		assert_int_equal(mms_guard_read(&guard, rows[i].b, true, &b, &err), MMS_OK);
		if (mms_guard_same_origin(&a, &b) != rows[i].want)
			fail_msg("%s and %s", rows[i].a, rows[i].b);
	}
}

static void
entries_of_allow_hosts_are_host_and_port(void **state)
{
	static const char *const bad[] = { "cal.example.com",
					   "cal.example.com:",
					   "cal.example.com:0",
					   "cal.example.com:99999",
					   ":80",
					   "",
					   "http://a:80",
					   "cal.example.com:80/x",
					   "u@cal.example.com:80",
					   "[::1:80" };

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(bad); i++) {
		MMS_AUTO(mms_guard) guard = { 0 };
		MMS_AUTO(mms_err) err = { 0 };
		const char *const entries[] = { "ok.example.com:80", bad[i] };

		if (mms_guard_init(&guard, false, entries, 2, &err) != MMS_E_CONFIG)
			fail_msg("'%s' was taken", bad[i]);
		if (strstr(mms_err_text(&err), "http.allow_hosts") == NULL ||
		    mms_err_hint(&err)[0] == '\0')
			fail_msg("'%s': %s", bad[i], mms_err_text(&err));
	}
}

static void
only_scheme_and_host_of_an_address_are_shown(void **state)
{
	static const struct {
		const char *url, *want;
	} rows[] = {
		{ "https://cal.example.com/private/abc/basic.ics?key=s",
		  "https://cal.example.com" },
		{ "https://user:word@CAL.example.com:8443/x", "https://cal.example.com" },
		{ "webcal://cal.example.com/x", "webcal://cal.example.com" },
		{ "http://[2001:DB8::1]:81/x", "http://[2001:db8::1]" },
		{ "https://m\xc3\xbcller.example.com/", "https://xn--mller-kva.example.com" },
		{ "https://user:wo/rd@cal.example.com/x", "(unreadable address)" },
		{ "secret-token", "(unreadable address)" },
		{ "mailto:secret", "(unreadable address)" },
		{ "secret://token/x", "(unreadable address)" },
		{ "", "(unreadable address)" },
	};

	(void)state;
	for (size_t i = 0; i < MMS_COUNT(rows); i++) {
		MMS_AUTO(mms_str) out = { 0 };

		mms_http_add_origin(&out, rows[i].url);
		assert_string_equal(mms_str_get(&out), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numeric_addresses_are_public_or_not),
		cmocka_unit_test(what_is_no_internet_address_is_refused),
		cmocka_unit_test(addresses_are_read_and_judged),
		cmocka_unit_test(a_refused_address_names_the_setting_and_the_very_entry),
		cmocka_unit_test(all_private_addresses_can_be_allowed),
		cmocka_unit_test(user_and_password_are_decoded_and_leave_the_address),
		cmocka_unit_test(redirects_are_judged_like_addresses),
		cmocka_unit_test(what_belongs_to_one_origin_stays_there),
		cmocka_unit_test(entries_of_allow_hosts_are_host_and_port),
		cmocka_unit_test(only_scheme_and_host_of_an_address_are_shown),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
