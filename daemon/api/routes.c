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
    struct endpoint *endpoint;
    struct MHD_Connection *connection;
    bool header_came;
    bool head;             /* the method is HEAD */
    struct export *export; /* waits for the book; NULL when it became the answer */
    struct target target;
    char text[]; /* of the target */
};

static const char *header(const struct api_request *request, const char *name)
{
    return rules_header(request->connection, name);
}

/* Why the request may not change the station's state; NULL: it may. */
static const char *refusal_of(const struct api_request *request)
{
    if (request->endpoint->kind != LISTENER_DASHBOARD)
        return NULL;
    return control_refusal(&request->endpoint->routes->control, request->connection);
}

/* The members of the status that tell whether this client may. The read-only listener has no commands to refuse. */
static json_t *control_json(const struct api_request *request)
{
    const char *refusal = refusal_of(request);
    bool control = !refusal && request->endpoint->kind != LISTENER_WATCH;
    return json_pack("{s:b, s:s?}", "control", control, "control_reason", refusal);
}

static enum MHD_Result answer_status(struct api_request *request, const char *rest)
{
    (void)rest;
    json_t *status = publish_status(request->endpoint->routes->station);
    json_object_update_new(status, control_json(request));
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
    json_t *more = control_json(request);
    enum MHD_Result result =
        event_stream_answer(&routes->streams, &request->endpoint->clients, request->connection, routes->station,
                            routes->events, more, header(request, MHD_HTTP_HEADER_LAST_EVENT_ID));
    json_decref(more);
    return result;
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
    struct query query;
    char error[256];
    query_init(&query, units);
    for (size_t i = 0; i < request->target.n; i++) {
        const struct target_parameter *p = &request->target.parameters[i];
        if (query_set(&query, p->name, p->name_len, p->value, p->value_len, error, sizeof(error)) != 0)
            return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    }
    if (query_check(&query, error, sizeof(error)) != 0)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    return ask_book(request, &query);
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
    station_start_slots(request->endpoint->routes->station, on_started, started);
    return reply_json(request->connection, MHD_HTTP_ACCEPTED, json_pack("{s:o}", "started", started));
}

/* ?seconds=N: one number, nothing behind it. */
static enum MHD_Result answer_hold(struct api_request *request, const char *rest)
{
    (void)rest;
    const struct target_parameter *seconds = target_find(&request->target, "seconds");
    const char *text = seconds ? seconds->value : NULL;
    size_t digits = text ? strspn(text, "0123456789") : 0;
    if (digits == 0 || digits > 2 || text[digits] || atoi(text) > STATION_PAUSE_MAX)
        return reply_error(request->connection, MHD_HTTP_BAD_REQUEST, "seconds must be a number from 0 to %d",
                           STATION_PAUSE_MAX);
    station_pause(request->endpoint->routes->station, (unsigned)atoi(text));
    return reply_json(request->connection, MHD_HTTP_ACCEPTED, json_pack("{s:b}", "held", atoi(text) > 0));
}

static enum MHD_Result answer_page(struct api_request *request, const char *rest)
{
    (void)rest;
    struct routes *routes = request->endpoint->routes;
    char url[sizeof(routes->dashboard) + CONTROL_SECRET_LENGTH + 8];
    if (!routes->dashboard[0])
        return reply_error(request->connection, MHD_HTTP_CONFLICT, "there is no dashboard ([http] listen = none)");
    control_new_url(&routes->control, routes->dashboard, url, sizeof(url));
    return reply_json(request->connection, MHD_HTTP_OK, json_pack("{s:s}", "url", url));
}

static enum MHD_Result answer_index(struct api_request *request, const char *rest);

/* {NAME} in a path stands for one part of it, which the answerer gets. */
static const struct route {
    const char *path;
    bool post;
    enum listener_kind on; /* where it is */
    enum MHD_Result (*answer)(struct api_request *request, const char *part);
} table[] = {
    {"/api/v1/", false, LISTENER_FULL, answer_index},
    {"/api/v1/status", false, LISTENER_ANY, answer_status},
    {"/api/v1/events", false, LISTENER_ANY, answer_events},
    {"/api/v1/slots", false, LISTENER_FULL, answer_slots},
    {"/api/v1/attempts", false, LISTENER_FULL, answer_attempts},
    {"/api/v1/attempts/{id}", false, LISTENER_FULL, answer_attempt},
    {"/api/v1/units", false, LISTENER_FULL, answer_units},
    {"/api/v1/start", true, LISTENER_FULL, answer_start},
    {"/api/v1/slots/{slot}/start", true, LISTENER_FULL, answer_start_slot},
    {"/api/v1/slots/{slot}/retry", true, LISTENER_FULL, answer_start_slot}, /* its older name */
    {"/api/v1/hold", true, LISTENER_FULL, answer_hold},
    {"/api/v1/page", true, LISTENER_LOCAL, answer_page},
};

/* The resources of this version that are on this socket: their paths and methods. */
static enum MHD_Result answer_index(struct api_request *request, const char *rest)
{
    (void)rest;
    json_t *resources = json_array();
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].on & request->endpoint->kind)
            json_array_append_new(resources, json_pack("{s:s, s:s}", "path", table[i].path, "methods",
                                                       table[i].post ? "POST" : "GET, HEAD"));
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

static enum MHD_Result answer_file(const struct api_request *request, const char *method)
{
    const char *url = request->target.path;
    const struct static_file *file = static_files_find(request->endpoint->routes->files, url);
    if (!file)
        return reply_error(request->connection, MHD_HTTP_NOT_FOUND, "there is nothing at %.120s", url);
    if (!is_read(method))
        return reply_not_allowed(request->connection, "GET, HEAD");
    return reply_file(request->connection, file);
}

static enum MHD_Result answer_route(struct api_request *request, const char *method)
{
    const char *url = request->target.path;
    char part[128];
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct route *route = &table[i];
        if (!(route->on & request->endpoint->kind) || !route_matches(route->path, url, part, sizeof(part)))
            continue;
        if (!route->post && !is_read(method))
            return reply_not_allowed(request->connection, "GET, HEAD");
        if (route->post && strcmp(method, MHD_HTTP_METHOD_POST) != 0)
            return reply_not_allowed(request->connection, "POST");
        const char *ours = header(request, "X-Gangd");
        if (route->post && (!ours || strcmp(ours, "1") != 0))
            return reply_error(request->connection, MHD_HTTP_FORBIDDEN, "a POST needs the header X-Gangd: 1");
        const char *refusal = route->post ? refusal_of(request) : NULL;
        if (refusal)
            return reply_error(request->connection, MHD_HTTP_FORBIDDEN, "%s", refusal);
        return route->answer(request, part);
    }
    return answer_file(request, method);
}

void *routes_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    size_t size = strlen(target) + 1;
    struct api_request *request = calloc(1, sizeof(*request) + size);
    if (!request)
        return NULL;
    request->endpoint = cls;
    request->connection = connection;
    memcpy(request->text, target, size);
    return request;
}

/* The request is whole, and nobody has looked at it yet. */
static enum MHD_Result answer_request(struct api_request *request, const char *method)
{
    struct MHD_Connection *connection = request->connection;
    enum MHD_Result result;
    char error[128];
    if (!target_parse(&request->target, request->text, error, sizeof(error)))
        return reply_error(connection, MHD_HTTP_BAD_REQUEST, "%s", error);
    if (!rules_allow(&request->endpoint->rules, connection, &request->target, &result))
        return result;
    const char *token = request->endpoint->token;
    if (token[0] && !token_is_shown(connection, token))
        return token_answer(connection, token, &request->target);
    struct control *control = &request->endpoint->routes->control;
    if (request->endpoint->kind == LISTENER_DASHBOARD && control_is_key(control, &request->target, method))
        return control_answer_key(control, connection, &request->target);
    return answer_route(request, method);
}

enum MHD_Result routes_answer(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
    (void)cls;
    (void)url;
    (void)version;
    (void)upload;
    struct api_request *request = *con_cls;
    if (!request)
        return MHD_NO; /* out of memory in routes_begin() */
    if (!request->header_came) {
        request->header_came = true;
        request->head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
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
    return answer_request(request, method);
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
