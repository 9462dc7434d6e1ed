/* SPDX-License-Identifier: MIT */
#include "daemon/api/routes.h"
#include "daemon/api/event_stream.h"
#include "daemon/api/export.h"
#include "daemon/api/publish.h"
#include "daemon/api/reply.h"
#include "daemon/book/attempt_json.h"
#include "proto/link/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct api_request {
    const struct endpoint *endpoint;
    struct MHD_Connection *connection;
    bool head;             /* the method is HEAD */
    struct export *export; /* waits for the book; NULL when it became the answer */
};

static const char *header(const struct api_request *request, const char *name)
{
    return rules_header(request->connection, name);
}

static enum MHD_Result answer_status(struct api_request *request, const char *rest)
{
    (void)rest;
    json_t *status = publish_status(request->endpoint->routes->station);
    json_object_set_new(status, "control", json_boolean(!request->endpoint->watch));
    return reply_json(request->connection, MHD_HTTP_OK, status);
}

static enum MHD_Result answer_slots(struct api_request *request, const char *rest)
{
    (void)rest;
    return reply_json(request->connection, MHD_HTTP_OK, publish_slots(request->endpoint->routes->station));
}

static enum MHD_Result answer_events(struct api_request *request, const char *rest)
{
    (void)rest;
    struct routes *routes = request->endpoint->routes;
    if (request->head)
        return reply_stream_head(request->connection, EVENT_STREAM_TYPE, NULL);
    return event_stream_answer(&routes->streams, request->connection, routes->station, routes->events,
                               !request->endpoint->watch, header(request, MHD_HTTP_HEADER_LAST_EVENT_ID));
}

struct parse {
    struct query query;
    char error[256];
    bool bad;
};

static enum MHD_Result on_parameter(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_len,
                                    const char *value, size_t value_len)
{
    (void)kind;
    struct parse *parse = cls;
    parse->bad =
        query_set(&parse->query, key, key_len, value ? value : "", value_len, parse->error, sizeof(parse->error)) != 0;
    return parse->bad ? MHD_NO : MHD_YES;
}

/* The answer comes when the book has spoken: export_answer(). */
static enum MHD_Result ask_book(struct api_request *request, const struct query *query)
{
    struct routes *routes = request->endpoint->routes;
    request->export = export_open(&routes->streams, request->connection, station_book(routes->station), query);
    return request->export ? MHD_YES : MHD_NO;
}

static enum MHD_Result answer_book(struct api_request *request, bool units)
{
    struct parse parse = {0};
    query_init(&parse.query, units);
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, on_parameter, &parse);
    if (parse.bad || query_check(&parse.query, parse.error, sizeof(parse.error)) != 0)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", parse.error);
    return ask_book(request, &parse.query);
}

/* One line of NDJSON is one object. */
static enum MHD_Result answer_attempt(struct api_request *request, const char *id)
{
    struct query query;
    query_init(&query, false);
    query.format = BOOK_NDJSON;
    size_t digits = strspn(id, "0123456789");
    query.filter.id = digits <= 18 && id[digits] == '\0' ? strtoll(id, NULL, 10) : 0;
    if (query.filter.id == 0)
        return reply_error(request->connection, MHD_HTTP_NOT_FOUND, "there is no attempt %.40s", id);
    return ask_book(request, &query);
}

static enum MHD_Result answer_attempts(struct api_request *request, const char *rest)
{
    (void)rest;
    return answer_book(request, false);
}

static enum MHD_Result answer_units(struct api_request *request, const char *rest)
{
    (void)rest;
    return answer_book(request, true);
}

/* The sentence may hold a name that is no UTF-8. */
static enum MHD_Result reply_sentence(struct api_request *request, unsigned status, const char *sentence)
{
    return reply_json(request->connection, status, json_pack("{s:o}", "error", text_json(sentence)));
}

static enum MHD_Result answer_start_slot(struct api_request *request, const char *name)
{
    struct slot_snapshot slot;
    const char *refusal;
    char nowhere[256];
    switch (station_start_slot(request->endpoint->routes->station, name, &slot, &refusal)) {
    case STATION_OK: return reply_json(request->connection, MHD_HTTP_ACCEPTED, publish_slot(&slot));
    case STATION_CONFLICT: return reply_sentence(request, MHD_HTTP_CONFLICT, refusal);
    case STATION_NO_SUCH_SLOT: break;
    }
    text_print(nowhere, sizeof(nowhere), "there is no slot \"%s\"", name);
    return reply_sentence(request, MHD_HTTP_NOT_FOUND, nowhere);
}

static void on_started(void *data, const char *name)
{
    json_array_append_new(data, text_json(name));
}

static enum MHD_Result answer_start(struct api_request *request, const char *rest)
{
    (void)rest;
    json_t *started = json_array();
    const char *refusal = station_start_slots(request->endpoint->routes->station, on_started, started);
    return reply_json(
        request->connection, MHD_HTTP_ACCEPTED,
        json_pack("{s:o, s:o}", "started", started, "refused", refusal ? text_json(refusal) : json_null()));
}

/* ?seconds=N: one number, nothing behind it. */
static enum MHD_Result answer_hold(struct api_request *request, const char *rest)
{
    (void)rest;
    const char *text = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "seconds");
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 2 || text[digits] || atoi(text) > STATION_PAUSE_MAX)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "seconds must be a number from 0 to %d",
                           STATION_PAUSE_MAX);
    station_pause(request->endpoint->routes->station, (unsigned)atoi(text));
    return reply_json(request->connection, MHD_HTTP_ACCEPTED, json_pack("{s:b}", "held", atoi(text) > 0));
}

static enum MHD_Result answer_index(struct api_request *request, const char *rest);

/* {NAME} in a path stands for one part of it, which the answerer gets. */
static const struct route {
    const char *path;
    bool post;
    bool watch; /* also for those who may only look */
    enum MHD_Result (*answer)(struct api_request *request, const char *part);
} table[] = {
    {"/api/v1/", false, false, answer_index},
    {"/api/v1/status", false, true, answer_status},
    {"/api/v1/events", false, true, answer_events},
    {"/api/v1/slots", false, false, answer_slots},
    {"/api/v1/attempts", false, false, answer_attempts},
    {"/api/v1/attempts/{id}", false, false, answer_attempt},
    {"/api/v1/units", false, false, answer_units},
    {"/api/v1/start", true, false, answer_start},
    {"/api/v1/slots/{slot}/start", true, false, answer_start_slot},
    {"/api/v1/slots/{slot}/retry", true, false, answer_start_slot}, /* its older name */
    {"/api/v1/hold", true, false, answer_hold},
};

/* The resources of this version: their paths and methods. */
static enum MHD_Result answer_index(struct api_request *request, const char *rest)
{
    (void)rest;
    json_t *resources = json_array();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        json_array_append_new(
            resources, json_pack("{s:s, s:s}", "path", table[i].path, "methods", table[i].post ? "POST" : "GET, HEAD"));
    return reply_json(request->connection, MHD_HTTP_OK,
                      json_pack("{s:s, s:o}", "gangd", GANGD_VERSION, "resources", resources));
}

/* Puts what {NAME} stands for in `part` (size bytes). */
static bool route_matches(const char *path, const char *url, char *part, size_t size)
{
    part[0] = '\0';
    size_t before = strcspn(path, "{");
    if (path[before] == '\0')
        return strcmp(path, url) == 0;
    if (strncmp(path, url, before) != 0)
        return false;
    url += before;
    size_t len = strcspn(url, "/");
    if (len == 0 || len >= size || strcmp(strchr(path, '}') + 1, url + len) != 0)
        return false;
    memcpy(part, url, len);
    part[len] = '\0';
    return true;
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer_file(const struct api_request *request, const char *url, const char *method)
{
    const struct static_file *file = static_files_find(request->endpoint->routes->files, url);
    if (!file)
        return reply_error(request->connection, MHD_HTTP_NOT_FOUND, "there is nothing at %.120s", url);
    if (!is_read(method))
        return reply_not_allowed(request->connection, "GET, HEAD");
    return reply_file(request->connection, file);
}

static enum MHD_Result answer_route(struct api_request *request, const char *url, const char *method)
{
    char part[128];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct route *route = &table[i];
        if ((request->endpoint->watch && !route->watch) || !route_matches(route->path, url, part, sizeof(part)))
            continue;
        if (!route->post && !is_read(method))
            return reply_not_allowed(request->connection, "GET, HEAD");
        if (route->post && strcmp(method, MHD_HTTP_METHOD_POST) != 0)
            return reply_not_allowed(request->connection, "POST");
        const char *ours = header(request, "X-Gangd");
        if (route->post && (!ours || strcmp(ours, "1") != 0))
            return reply_error(request->connection, MHD_HTTP_FORBIDDEN, "a POST needs the header X-Gangd: 1");
        return route->answer(request, part);
    }
    return answer_file(request, url, method);
}

enum MHD_Result routes_answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
    (void)version;
    (void)upload;
    struct api_request *request = *con_cls;
    if (!request) {
        request = calloc(1, sizeof(*request));
        if (!request)
            return MHD_NO;
        request->endpoint = cls;
        request->connection = connection;
        request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
        *con_cls = request;
        return rules_before_body(connection);
    }
    if (*upload_size) { /* no resource reads a body: it is taken and dropped */
        *upload_size = 0;
        return MHD_YES;
    }
    if (request->export) { /* the second call: the book has answered */
        struct export *export = request->export;
        request->export = NULL;
        return export_answer(export, request->head);
    }
    clients_request_came(connection);
    enum MHD_Result result;
    if (!rules_allow(&request->endpoint->rules, connection, &url, &result))
        return result;
    const char *token = request->endpoint->token;
    if (token[0] && !token_is_shown(connection, token))
        return token_answer(connection, token, url);
    return answer_route(request, url, method);
}

void routes_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
                      enum MHD_RequestTerminationCode code)
{
    (void)code;
    const struct endpoint *endpoint = cls;
    clients_request_ended(connection, &endpoint->clients);
    struct api_request *request = *con_cls;
    if (request && request->export)
        export_close(request->export);
    free(request);
    *con_cls = NULL;
}

void routes_keep_alive(struct routes *routes)
{
    streams_keep_alive(&routes->streams);
}

void routes_end_streams(struct routes *routes)
{
    streams_resume(&routes->streams);
}
