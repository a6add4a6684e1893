"""What is cut out to see that the tests of markup in texts, and of the page's policy, can fail (docs/security.md)."""

from __future__ import annotations

from tests.undefended_cuts import away, cut

SCRIPTS = "script injection"
POLICY = "content security policy"
MARKUP_ROWS = (SCRIPTS, POLICY)

GATE = "app/gate.py"
NET = "app/components/label_card_net.js"
MARKUP = "security/test_markup.py::test_"
REQUESTS = "security/test_requests.py::test_"
CARD = "app/components/test_label_card.py::test_"
ON_EVERY_PAGE = MARKUP + "markup__is_text_on_every_page"
ON_THE_MAP = MARKUP + "markup__is_text_on_the_map_and_in_a_notice"
STRANGER = MARKUP + "markup__page_of_a_stranger_cannot_run_what_it_puts_in"

MARKUPS = (
    away(
        "escape-title", SCRIPTS, "the project's title is escaped for the page's head",
        cut("app/dashboard.py", "meta_title=escape(title)", "meta_title=title"),
        tests=ON_EVERY_PAGE,
    ),
    away(
        "escape-status", SCRIPTS, "a round's error is escaped in the status line",
        cut("app/dashboard.py", "<span>{escape(state.status_line)}</span>", "<span>{state.status_line}</span>"),
        tests=ON_EVERY_PAGE,
    ),
    away(
        "escape-picked-item", SCRIPTS, "columns, values, comments and people are escaped beside the map",
        cut("app/pages/explore.py", "<th>{escape(str(name))}</th><td>{escape(str(value))}</td>",
            "<th>{name}</th><td>{value}</td>"),
        tests=ON_THE_MAP,
    ),
    away(
        "text-nodes", SCRIPTS,
        "scripts of ours make text nodes of texts, never markup: hover card, tiles, grids, notices",
        cut(NET, "  node.append(...children.filter((child) => child != null))\n",
            "  for (const child of children.filter((each) => each != null))\n"
            '    typeof child === "string" ? node.insertAdjacentHTML("beforeend", child) : node.append(child)\n'),
        tests=(CARD + "near__labelled_items_like_it_are_shown_once_a_person_dwells", ON_THE_MAP),
    ),
    away(
        "set-text", SCRIPTS, "scripts of ours set text as text: classes, items, reasons on the label card",
        cut(NET, ") node.textContent = text", ") node.innerHTML = text"),
        tests=CARD + "text__markup_in_names_and_items_stays_text",
    ),
    away(
        "escape-balance", SCRIPTS, "names of classes are escaped in the balance",
        cut("app/components/balance_bars.py", "name = escape(row.name)", "name = row.name"),
        tests=("app/test_balance_data.py::test_balance_rows__names_are_text", ON_EVERY_PAGE),
    ),
    away(
        "escape-needs", SCRIPTS, "names of classes are escaped in what is missing",
        cut("app/components/balance_words.py", "{escape(_short(need.balance.name))}", "{_short(need.balance.name)}"),
        tests="app/components/test_balance_words.py::test_html__names_are_text",
    ),
    away(
        "escape-work", SCRIPTS, "the name of the class that is worked on is escaped",
        cut("app/components/balance_words.py", "{escape(_short(row.name))}", "{_short(row.name)}"),
        tests="app/components/test_balance_words.py::test_html__names_are_text",
    ),
    away(
        "escape-seek", SCRIPTS, "what is sought is escaped",
        cut("app/components/seek_rows.py", "{escape(seek_words(seek))}", "{seek_words(seek)}"),
        tests="app/components/test_seek_rows.py::test_seek_row__every_text_is_shown_as_text",
    ),
    away(
        "escape-progress", SCRIPTS, "names of classes are escaped in the line on progress",
        cut("app/components/progress_line.py",
            "escape(change_words(progress.change))", "change_words(progress.change)"),
        tests="app/test_progress.py::test_progress_html__names_are_text",
    ),
    away(
        "escape-annotator", SCRIPTS, "names of people are escaped in the table of people",
        cut("app/components/people_table.py", "{escape(row.name)}", "{row.name}"),
        tests="app/test_workloads.py::test_people_table__escapes_names_and_says_what_is_not_known",
    ),
    away(
        "escape-stopping", SCRIPTS, "names of classes are escaped in the advice on stopping",
        cut("app/components/stopping_card.py", "{escape(_short(entry.class_name))}", "{_short(entry.class_name)}"),
        tests="app/components/test_stopping_card.py::test_stopping_card__names_are_escaped_and_shortened",
    ),
    away(
        "escape-confusion", SCRIPTS, "names of classes are escaped in a confusion",
        cut("app/pages/model_confusion.py", "{escape(cell.words)}", "{cell.words}"),
        tests="app/pages/test_model.py::test_words__names_are_escaped",
    ),
    away(
        "escape-comparison", SCRIPTS, "names of classes are escaped where rounds are compared",
        cut("app/pages/model_rounds.py", "<tr><th>{escape(entry.name)}</th>", "<tr><th>{entry.name}</th>"),
        tests="app/pages/test_model.py::test_words__names_are_escaped",
    ),
    away(
        "escape-team", SCRIPTS, "names of people are escaped in the Team card",
        cut("app/pages/team.py", "{escape(figures.annotators[person])}</th><td>{quality",
            "{figures.annotators[person]}</th><td>{quality"),
        tests="app/pages/test_team.py::test_words__names_are_escaped",
    ),
    away(
        "escape-selection", SCRIPTS, "how items were chosen, and by whom, is escaped",
        cut("app/pages/saved.py", 'f"{escape(entry.how)} · " if entry.how else ""',
            'f"{entry.how} · " if entry.how else ""'),
        tests="app/pages/test_saved.py::test_selection_line__texts_are_text",
    ),
    away(
        "escape-report", SCRIPTS, "texts are escaped in the report of a simulation",
        cut("app/simulation/report.py", "<td>{escape(text)}</td>", "<td>{text}</td>"),
        tests="app/simulation/test_report.py::test_report_html__texts_are_text",
    ),
    away(
        "policy-scripts", POLICY, "scripts need the answer's nonce",
        cut(GATE, "script-src 'self' 'nonce-{nonce}' 'unsafe-eval' blob:",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:"),
        tests=(REQUESTS + "policy__names_no_other_host_and_no_inline_script", STRANGER),
    ),
    away(
        "policy-hosts", POLICY, "a page asks no other host",
        cut(GATE, "connect-src 'self' blob: ws://{host} wss://{host}", "connect-src * blob:"),
        tests=STRANGER,
    ),
    away(
        "policy-pictures", POLICY, "a page shows no other host's pictures",
        cut(GATE, "img-src 'self' data: blob:", "img-src * data: blob:"),
        tests=STRANGER,
    ),
    away(
        "frames", POLICY,
        "no page is framed (three defences: the policy, X-Frame-Options, what the request says of itself)",
        cut(GATE, '            "frame-ancestors \'none\'",\n        )'   , "        )"),
        cut(GATE, '    "X-Frame-Options": "DENY",\n'),
        cut(GATE, ' and target == "document"\n', "\n"),
        tests=MARKUP + "page__cannot_be_framed_by_another_site",
    ),
    away(
        "frames-notebook", POLICY, "who frames the page as a notebook does must know the server's secret",
        cut(GATE, "any(hmac.compare_digest(value.encode(), self.secret.encode()) for value in given)", "bool(given)"),
        tests="app/test_notebook_server.py::test_frame__only_who_knows_the_secret",
    ),
    away(
        "headers", POLICY, "every answer has the headers that docs/security.md names",
        cut(GATE, '    "Cross-Origin-Resource-Policy": "same-origin",\n'),
        tests=REQUESTS + "headers__are_on_every_answer",
    ),
)  # fmt: skip
