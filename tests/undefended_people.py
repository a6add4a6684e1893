"""What is cut out to see that the tests of who may come in, and see and do what, can fail (docs/security.md)."""

from __future__ import annotations

from tests.undefended_cuts import away, cut, never

OTHERS = "another person's ids"
SOCKETS = "another person's session, raw websocket"
LOGIN = "login from elsewhere, guessing"
REDIRECT = "open redirect"
SECRETS = "secrets in logs, URLs, exports"
COOKIES = "cookies HttpOnly, SameSite, Secure"
PEOPLE_ROWS = (OTHERS, SOCKETS, LOGIN, REDIRECT, SECRETS, COOKIES)

API = "app/api.py"
ACCESS = "app/access.py"
PROVIDER = "app/login/provider.py"
ENTRANCE = "app/login/entrance.py"
SERVED = "app/test_access.py::test_"
PAGES = "app/test_access_pages.py::test_"
REQUESTS = "security/test_requests.py::test_"
SHARED = "security/test_shared_config.py::test_"
FLAGS = SERVED + "cookie__flags_and_no_trace_in_the_page"
ALONE = "{" + '"sign_sessions": True, "secret_key": _session_key(), **options}'

PEOPLE = (
    away(
        "roles", OTHERS, "each method of the API asks for a role",
        never(API, "not person.role.may(needed)"),
        tests=SERVED + "routes__nobody_and_lower_roles_are_refused_everywhere",
    ),
    away(
        "nobody", OTHERS, "the API answers nobody who is not signed in",
        cut(API, "        if person is None:\n            self.set_header",
            "        if False:\n            self.set_header"),
        tests=SERVED + "routes__nobody_and_lower_roles_are_refused_everywhere",
    ),
    away(
        "role-declared", OTHERS, "each method says which role it needs",
        cut(API, '    needs = MappingProxyType({"DELETE": Role.ANNOTATOR})\n'),
        tests=SERVED + "routes__every_method_declares_the_role_it_needs",
    ),
    away(
        "own-name", OTHERS, "what is stored stands under who sent it",
        cut(API, "            self.context = self.context.as_person(person)\n", "            pass\n"),
        tests=SERVED + "annotations__are_stored_under_who_sent_them",
    ),
    away(
        "own-undo", OTHERS, "nobody undoes another person's annotation",
        cut("labeling/annotations.py", 'own annotator can undo it": owner != annotator_id',
            'own annotator can undo it": False'),
        tests=(SERVED + "annotations__are_stored_under_who_sent_them",
               "labeling/test_annotations.py::test_undo__of_somebody_else"),
    ),
    away(
        "waiting-labels", OTHERS, "labels that wait in a browser are not taken as another person's",
        cut(API, '        elif self.request.headers.get("X-Goldpan-Person", str(person.annotator_id)) != str(\n'
                 "            person.annotator_id\n        ):\n", "        elif False:\n"),
        tests=SERVED + "annotations__waiting_ones_of_another_person_are_not_taken",
    ),
    away(
        "adjudicate", OTHERS, "only a reviewer adjudicates by the API of annotations",
        never("app/api_store.py", "new.act == Act.ADJUDICATE and not context.person.role.may(Role.REVIEWER)"),
        tests=SERVED + "annotations__only_a_reviewer_adjudicates",
    ),
    away(
        "page-roles", OTHERS, "what a page does asks for a role",
        never(ACCESS, "not person.role.may(needed)"),
        tests=(PAGES + "acts_of_pages__a_viewer_changes_nothing",
               PAGES + "plots__only_an_admin_writes_the_configuration"),
    ),
    away(
        "role-read-anew", OTHERS, "the role is read anew for each act of a page",
        cut(ACCESS, "    if context.person.token_id is None:\n", "    if True:\n"),
        tests=PAGES + "require__follows_the_database_not_the_page",
    ),
    away(
        "own-selection", OTHERS, "another person's selection needs a reviewer",
        cut("app/saved.py", "Role.ANNOTATOR if entry.annotator == context.person.name else Role.REVIEWER",
            "Role.ANNOTATOR"),
        tests=PAGES + "saved__another_person_s_selection_needs_a_reviewer",
    ),
    away(
        "deactivated", OTHERS, "who is deactivated is refused (two defences: the person's state, their sign-ins end)",
        cut("labeling/tokens.py",
            "            AnnotatorTable.active,\n            TokenTable.revoked_at.is_(None),\n            sa.or_("
            , "            sa.or_("),
        tests=SERVED + "deactivated__is_refused_at_the_next_request",
    ),
    away(
        "session-of-another", SOCKETS, "a page's session is its person's alone",
        cut(PROVIDER, "            if person is None or any(\n"
                      "                self.access.is_anothers(name, person) for name in sessions_named(handler)\n"
                      "            ):\n", "            if person is None:\n"),
        tests=SERVED + "websocket__a_page_s_session_is_its_person_s_alone",
    ),
    away(
        "signed-sessions", SOCKETS, "sessions are signed, where people sign in",
        cut(ENTRANCE, '        "sign_sessions": True,\n', '        "sign_sessions": False,\n'),
        tests=SERVED + "websocket__a_session_that_the_browser_made_up",
    ),
    away(
        "signed-sessions-alone", SOCKETS, "sessions are signed, where nobody signs in",
        cut("app/server.py", ALONE, ALONE.replace("True", "False")),
        tests=REQUESTS + "token__that_is_made_up_is_refused",
    ),
    away(
        "session-not-chosen", SOCKETS, "an address cannot choose a session",
        never("app/gate.py",
            '"Bokeh-Session-Id" in request.headers or set(CHOSEN_SESSION) & set(request.query_arguments)'),
        tests=REQUESTS + "session__cannot_be_chosen_by_an_address",
    ),
    away(
        "wrong-token", SOCKETS, "a wrong token makes a request nobody's, whatever cookie is beside it",
        cut(ACCESS, "        return found\n    if access is None:",
            "        if found is not None:\n            return found\n    if access is None:"),
        tests=SERVED + "token__a_wrong_one_is_nobody_even_beside_a_cookie",
    ),
    away(
        "form-origin", LOGIN, "the form to sign in comes from our page",
        cut(PROVIDER, 'self.request.method == "POST" and (origin', 'self.request.method == "NEVER" and (origin'),
        tests=SERVED + "sign_in__from_another_site_is_refused[None]",
    ),
    away(
        "sign-out-everywhere", LOGIN, "signing out ends the cookie itself",
        cut(PROVIDER, "        access = self.provider.access\n        await self.leave()\n",
            "        access = self.provider.access\n"),
        tests=SERVED + "sign_out__ends_the_cookie_everywhere",
    ),
    away(
        "unknown-name", LOGIN, "a name that has no password opens nothing",
        cut("app/login/passwords.py", "        return right and stored is not None\n", "        return right\n"),
        tests="app/login/test_passwords.py::test_check__right_wrong_and_unknown",
    ),
    away(
        "guessing", LOGIN, "wrong passwords make the next try wait",
        cut("app/login/tries.py", "        if record is None or record.count < FREE:\n", "        if True:\n"),
        tests="app/login/test_tries.py::test_begin__waits_grow_after_some_free_tries",
    ),
    away(
        "network-needs-login", LOGIN, "the network is let in by a login alone",
        never(ENTRANCE, "not self.signs_in and not self.open_to_network"),
        tests="app/login/test_entrance.py::test_check__network_without_login_is_refused_unless_said",
    ),
    away(
        "oauth-verified", LOGIN, "a name that the provider has not verified is not let in",
        never("app/login/oauth.py", '"@" in name and (self.claims or {}).get("email_verified") is False'),
        tests="app/login/test_oauth.py::test_login__who_cannot_be_let_in",
    ),
    away(
        "escape-sign-in", LOGIN, "what was typed as a name is escaped in the form",
        cut("app/login/pages.py", 'value="{escape(name)}"', 'value="{name}"'),
        tests="app/login/test_pages.py::test_pages__texts_are_text",
    ),
    away(
        "escape-person", LOGIN, "the person's name is escaped at the top of the page",
        cut("app/header.py", "name, role = escape(context.person.name), ", "name, role = context.person.name, "),
        tests="app/test_header.py::test_person_views__name_is_text",
    ),
    away(
        "safe-path", REDIRECT, "after signing in one goes to a path of this server",
        never(PROVIDER, 'not inside or not text.startswith("/") or text.startswith("//") or "\\\\" in text'),
        tests=("app/login/test_provider.py::test_safe_path__anything_else_goes_to_the_start",
               SERVED + "sign_in__goes_to_where_one_was_sent_from_and_nowhere_else"),
    ),
    away(
        "log-without-query", SECRETS, "requests are logged without their query",
        cut(ENTRANCE, "status, request.method, request.path,", "status, request.method, request.uri,"),
        tests=SERVED + "log__holds_no_secret",
    ),
    away(
        "log-without-code", SECRETS, "errors of signing in are logged without the provider's code",
        cut(PROVIDER, "value.status_code, self.request.method, self.request.path, said)",
            "value.status_code, self.request.method, self.request.uri, said)"),
        tests="app/login/test_oauth.py::test_log__holds_no_secret_and_no_code",
    ),
    away(
        "secret-of-cookies", SECRETS, "the secret that signs cookies is in no representation",
        cut(ACCESS, "    secret: str = field(repr=False)\n", "    secret: str\n"),
        tests="app/login/test_entrance.py::test_make_access__cookie_is_the_project_s_own",
    ),
    away(
        "page-without-cookies", SECRETS, "the token in a page holds no cookie",
        cut(ENTRANCE, '        "include_cookies": [],\n'),
        tests=FLAGS,
    ),
    away(
        "tokens-hashed", SECRETS, "the database has the hash of a token alone",
        cut("labeling/tokens.py", '    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()\n',
            "    return secret[:64]\n"),
        tests="labeling/test_tokens.py::test_make_token__keeps_no_secret",
    ),
    away(
        "database-password-shown", SECRETS, "a database's address is shown without its password",
        cut("labeling/database.py", "return shown.render_as_string(hide_password=True)",
            "return shown.render_as_string(hide_password=False)"),
        tests="labeling/test_database.py::test_url__hides_passwords_wherever_they_are",
    ),
    away(
        "database-password-exported", SECRETS, "a shared config, and so an export, holds no address of a database",
        cut("app/share.py", "    private = project.config.project.model_copy(update={\"database\": None})\n",
            "    private = project.config.project\n"),
        tests=(SHARED + "shared_config__tells_no_secret", "app/test_share.py::test_shared_config__names_no_database"),
    ),
    away(
        "cookie-secret-file", SECRETS, "the file of the cookies' secret is its owner's alone",
        never("app/login/cookie_secret.py", "mode & (stat.S_IRWXG | stat.S_IRWXO) and os.name != \"nt\""),
        tests="app/login/test_cookie_secret.py::test_cookie_secret__others_can_read_it",
    ),
    away(
        "cookie-httponly", COOKIES, "HttpOnly",
        cut(PROVIDER, '        "httponly": True,\n', '        "httponly": False,\n'), tests=FLAGS,
    ),
    away(
        "cookie-samesite", COOKIES, "SameSite",
        cut(PROVIDER, '        "samesite": "Lax",\n', '        "samesite": "None",\n'), tests=FLAGS,
    ),
    away(
        "cookie-secure", COOKIES, "Secure behind TLS",
        cut(PROVIDER, '        "secure": access.behind_tls or request.protocol == "https",\n',
            '        "secure": False,\n'),
        tests="app/login/test_provider.py::test_cookie_flags__secure_behind_tls_and_over_it",
    ),
    away(
        "cookie-signed", COOKIES,
        "a cookie is signed with the project's secret (the secret in it is not guessed either)",
        cut(ACCESS, "    cookie = handler.get_signed_cookie(access.cookie, max_age_days=SIGN_IN_DAYS)\n",
            "    import base64\n    parts = (handler.get_cookie(access.cookie) or '').split('|')\n"
            "    cookie = base64.b64decode(parts[4].split(':')[1]) if len(parts) > 4 else None\n"),
        tests=SERVED + "cookie__of_another_server_s_secret",
    ),
)  # fmt: skip
