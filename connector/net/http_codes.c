/*
 * What libcurl's codes mean to the caller, one row each (libcurl-errors(3), 7.88.1). The text
 * names no address: the caller puts scheme and host in front. The library's own error texts are not used, they quote
 * addresses.
 */
#include "http_internal.h"

static const char cut_off[] =
	"the connection was cut off before the answer was complete (whether the request took "
	"effect is not known)";
static const char no_tls[] = "the TLS connection could not be made";
static const char ask_tls[] = "check that the server speaks TLS 1.2 or later at this port";
static const char damaged[] = "the answer is damaged: it cannot be decompressed";
static const char not_http[] = "the server's answer is not HTTP";
static const char own_fault[] = "the HTTP library refused the request";

static const struct mms_http_code rows[] = {
	{ CURLE_OK, MMS_OK, "", NULL },
	/* the address is https or http by now: it is an answer without a status line */
	{ CURLE_UNSUPPORTED_PROTOCOL, MMS_E_RETRY, not_http, NULL },
	{ CURLE_URL_MALFORMAT, MMS_E_CONFIG, "the address is not written as one", NULL },
	{ CURLE_COULDNT_RESOLVE_PROXY, MMS_E_RETRY, "the proxy's name is not known",
	  "check https_proxy in the environment" },
	{ CURLE_COULDNT_RESOLVE_HOST, MMS_E_RETRY, "the host name is not known",
	  "check its spelling, and this machine's name server" },
	{ CURLE_COULDNT_CONNECT, MMS_E_RETRY, "no connection could be made",
	  "check that the server runs and that the port is open from here" },
	{ CURLE_WEIRD_SERVER_REPLY, MMS_E_RETRY, not_http, NULL },
	{ CURLE_HTTP2, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_PARTIAL_FILE, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_WRITE_ERROR, MMS_E_RETRY, damaged, NULL },
	{ CURLE_OUT_OF_MEMORY, MMS_E_NOMEM, "out of memory", NULL },
	{ CURLE_OPERATION_TIMEDOUT, MMS_E_RETRY, "no complete answer in time",
	  "the limits are http.timeout_s and http.connect_timeout_s of the mmsync object in "
	  "site_config.json" },
	{ CURLE_SSL_CONNECT_ERROR, MMS_E_RETRY, no_tls, ask_tls },
	{ CURLE_ABORTED_BY_CALLBACK, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_GOT_NOTHING, MMS_E_RETRY, "the server closed the connection without an answer",
	  NULL },
	{ CURLE_SEND_ERROR, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_RECV_ERROR, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_SSL_CIPHER, MMS_E_CONFIG, no_tls, ask_tls },
	{ CURLE_PEER_FAILED_VERIFICATION, MMS_E_CONFIG, "the server's certificate is refused",
	  NULL },
	{ CURLE_BAD_CONTENT_ENCODING, MMS_E_RETRY, damaged, NULL },
	{ CURLE_FILESIZE_EXCEEDED, MMS_E_ITEM, "the answer is larger than allowed",
	  "the limit is http.max_body_mb of the mmsync object in site_config.json" },
	{ CURLE_SEND_FAIL_REWIND, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_SSL_CACERT_BADFILE, MMS_E_CONFIG,
	  "the file of trusted certificates cannot be read",
	  "check http.ca_file of the mmsync object in site_config.json: it must hold "
	  "certificates in PEM form (without it the system's ca-certificates are used)" },
	{ CURLE_SSL_SHUTDOWN_FAILED, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_AGAIN, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_SSL_INVALIDCERTSTATUS, MMS_E_CONFIG, "the server's certificate is refused",
	  NULL },
	{ CURLE_HTTP2_STREAM, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_PROXY, MMS_E_RETRY, "the proxy refused the connection",
	  "check https_proxy in the environment" },
	{ CURLE_UNRECOVERABLE_POLL, MMS_E_RETRY, cut_off, NULL },
	{ CURLE_BAD_FUNCTION_ARGUMENT, MMS_E_BUG, own_fault, NULL },
	{ CURLE_UNKNOWN_OPTION, MMS_E_BUG, own_fault, NULL },
	{ CURLE_NOT_BUILT_IN, MMS_E_BUG, own_fault, NULL },
};

const struct mms_http_code *
mms_http_code(CURLcode code)
{
	static const struct mms_http_code other = { CURL_LAST, MMS_E_RETRY,
						    "the request failed", NULL };

	for (size_t i = 0; i < MMS_COUNT(rows); i++)
		if (rows[i].code == code)
			return &rows[i];
	return &other;
}

/*
 * X509_V_ERR_* of OpenSSL by number (x509_vfy.h, X509_STORE_CTX_get_error(3)): OpenSSL's headers
 * have their home elsewhere, and these numbers are its stable interface.
 */
enum {
	VERIFY_OK = 0,
	VERIFY_UNSPECIFIED =
		1, /* libcurl's start value: the chain was good, the name was not */
	VERIFY_NO_ISSUER = 2,
	VERIFY_NOT_YET_VALID = 9,
	VERIFY_EXPIRED = 10,
	VERIFY_SELF_SIGNED = 18,
	VERIFY_SELF_SIGNED_IN_CHAIN = 19,
	VERIFY_NO_LOCAL_ISSUER = 20,
	VERIFY_NO_FIRST_CERTIFICATE = 21,
};

const struct mms_http_code *
mms_http_certificate(long verify_result)
{
#define ROW(text, hint)                                                  \
	{                                                                \
		CURLE_PEER_FAILED_VERIFICATION, MMS_E_CONFIG, text, hint \
	}
	static const struct mms_http_code
		expired = ROW("the server's certificate has expired",
			      "whoever runs the server must renew it; if others find it valid, "
			      "check this machine's clock"),
		early = ROW("the server's certificate is not valid yet",
			    "check this machine's clock"),
		unknown = ROW("the server's certificate is not signed by a known authority",
			      "if the server is your own, name the file of its authority in "
			      "http.ca_file of the mmsync object in site_config.json"),
		name = ROW("the server's certificate is for another name",
			   "check the host name of the address"),
		refused = ROW("the server's certificate is refused",
			      "whoever runs the server must replace it");
#undef ROW

	switch (verify_result) {
	case VERIFY_OK:
	case VERIFY_UNSPECIFIED:
		return &name;
	case VERIFY_EXPIRED:
		return &expired;
	case VERIFY_NOT_YET_VALID:
		return &early;
	case VERIFY_NO_ISSUER:
	case VERIFY_SELF_SIGNED:
	case VERIFY_SELF_SIGNED_IN_CHAIN:
	case VERIFY_NO_LOCAL_ISSUER:
	case VERIFY_NO_FIRST_CERTIFICATE:
		return &unknown;
	default:
		return &refused;
	}
}
