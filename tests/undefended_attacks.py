"""What is cut out to see that the tests of attacks by texts, files and requests can fail (docs/security.md)."""

from __future__ import annotations

from tests.undefended_cuts import away, cut, never

PATHS = "paths that lead out"
FETCHING = "server-side requests"
ORIGINS = "foreign or missing Origin, foreign host"
POSTS = "cross-site POST"
PICKLES = "pickles"
TEXT_BOMBS = "YAML and JSON bombs"
IMAGE_BOMBS = "image bombs"
COLUMNS = "columns and rows without measure"
SESSIONS = "slow, large and abandoned requests and sessions"
VERSIONS = "minimum versions"
ATTACK_ROWS = (
    PATHS, FETCHING, ORIGINS, POSTS, PICKLES, TEXT_BOMBS, IMAGE_BOMBS, COLUMNS, SESSIONS, VERSIONS,
)  # fmt: skip

GATE = "app/gate.py"
SERVER = "app/server.py"
DOCUMENTS = "config/documents.py"
ROWS = "labeling/pools/rows.py"
REQUESTS = "security/test_requests.py::test_"
FILES = "security/test_files.py::test_"
FETCHED = "security/test_fetching.py::test_"
SHARDS = "security/test_shards.py::test_"
SHARED = "security/test_shared_config.py::test_"
BOMB = FILES + "configuration__that_is_a_bomb"

ATTACKS = (
    away(
        "image-inside", PATHS, "an image is read from within its folder",
        never("labeling/pools/image_folder.py", "not lies_inside(root.resolve(), path)"),
        tests=FILES + "image__outside_its_folder_is_not_read",
    ),
    away(
        "links-out", PATHS, "links out of a folder are not listed",
        never("labeling/pools/image_folder.py", "entry.is_symlink() and not lies_inside(root, Path(entry.path))"),
        tests=FILES + "images__that_links_lead_to_are_not_listed",
    ),
    away(
        "media-by-number", PATHS, "media are asked for by row number alone",
        cut("app/api_media.py", 'r"/media/([0-9]{1,12})"', 'r"/media/(.+)"'),
        cut("app/api_media.py", "        number = int(row)\n",
            "        if not row.isdigit():\n"
            '            self.finish((self.context.project.paths.folder / "pool" / row).read_bytes())\n'
            "            return\n        number = int(row)\n"),
        tests=REQUESTS + "path__that_leads_out_finds_nothing",
    ),
    away(
        "pool-in-folder", PATHS, "a shared config reads no pool out of its folder",
        never("app/share.py", "pool is None and not path.resolve().is_relative_to(folder)"),
        tests=SHARED + "import__reads_no_pool_outside_the_files_folder",
    ),
    away(
        "export-names", PATHS, "an export is one of those that are registered",
        cut("labeling/exports/registry.py", "    chosen = [exports.get(name) for name in dict.fromkeys(names)]",
            "    chosen = [exports.get(name) for name in dict.fromkeys(names) if name in exports.names()]"),
        tests=SHARED + "export__of_a_name_that_is_none_writes_nothing",
    ),
    away(
        "no-unpacking", PATHS, "nothing unpacks an archive",
        cut("labeling/pools/snapshot.py", "    name = choose_reader(section, path)\n",
            '    shutil.unpack_archive(path, path.parent, "zip")\n    name = choose_reader(section, path)\n'),
        tests=FILES + "archive__is_never_unpacked",
    ),
    away(
        "component-route", PATHS, "Panel's route of components imports nothing",
        cut(GATE, "request.path.startswith(UNUSED_ROUTES) or not _may_be_imported(request.path):",
            "request.path.startswith(UNUSED_ROUTES):"),
        tests=REQUESTS + "component_route__imports_nothing",
    ),
    away(
        "no-addresses", FETCHING, "nothing is fetched that the person has not allowed",
        never("labeling/fetching/addresses.py", "origin not in rules.allowed"),
        tests=(FILES + "pool__at_an_address_is_refused_and_not_asked_for", FETCHED + "server__is_not_asked_before",
               FETCHED + "images__a_table_from_somebody_else_asks_nobody",
               FETCHED + "redirect__to_what_is_not_allowed_is_refused[http://127.0.0.1:{other}/secret]"),
    ),
    away(
        "private-numbers", FETCHING, "a name that leads into a private network is not asked",
        never("labeling/fetching/addresses.py", "not _may_be_asked(number, origin.host)"),
        tests=(FETCHED + "name__that_stands_for_a_private_number",
               FETCHED + "metadata__is_not_asked_even_if_it_is_allowed"),
    ),
    away(
        "wrapped-numbers", FETCHING, "an IPv4 address inside an IPv6 one is looked at",
        cut("labeling/fetching/addresses.py", "number.ipv4_mapped or number.sixtofour or", "number.ipv4_mapped or"),
        tests=FETCHED + "name__that_stands_for_a_private_number[2002:7f00:1::]",
    ),
    away(
        "odd-numbers", FETCHING, "addresses in decimal, hexadecimal and octal forms are refused",
        never("config/fetching.py", '_NUMBER.fullmatch(host.rsplit(".", 1)[-1])'),
        tests=FETCHED + "number__in_an_unusual_form_cannot_even_be_allowed",
    ),
    away(
        "rebinding", FETCHING, "the connection goes to the number that was looked at",
        cut("labeling/fetching/web.py", "(number, self.port), timeout", "(self.host, self.port), timeout"),
        tests=FETCHED + "name__is_asked_at_the_number_that_was_looked_at",
    ),
    away(
        "redirects", FETCHING, "each redirect is held to what the person allowed",
        cut("labeling/fetching/web.py", "            origin = check_allowed(here, rules)\n",
            "            origin = check_allowed(here, rules) if step == 0 else read_origin(here)\n"),
        cut("labeling/fetching/web.py", "from config.fetching import FetchRules, Origin\n",
            "from config.fetching import FetchRules, Origin, read_origin\n"),
        tests=FETCHED + "redirect__to_what_is_not_allowed_is_refused[http://127.0.0.1:{other}/secret]",
    ),
    away(
        "redirect-to-plain", FETCHING, "TLS leads on to TLS alone",
        never("labeling/fetching/web.py",
              'origin.scheme == "https" and urlsplit(there).scheme.lower() != "https"'),
        tests=FETCHED + "redirect__from_tls_to_plain_is_refused",
    ),
    away(
        "address-of-a-file", FETCHING, "a shared config fetches nothing, allowed or not",
        never("app/share.py", "pool is None and is_address(given.pool.path)"),
        tests=FETCHED + "shared_config__allows_nothing_and_fetches_nothing",
    ),
    away(
        "member-names", PATHS, "members of shards whose names lead out are refused",
        never("labeling/pools/shard_index.py", "why is not None"),
        tests=SHARDS + "member__with_a_hostile_name",
    ),
    away(
        "member-links", PATHS, "links in shards are refused",
        never("labeling/pools/shard_index.py", "not found.isreg() or found.sparse is not None"),
        tests=SHARDS + "member__that_is_a_link_or_a_device",
    ),
    away(
        "shards-inside", PATHS, "a snapshot's shards lie in their folder",
        never("labeling/pools/media.py", "not lies_inside(self._root.resolve(), path)"),
        tests=SHARDS + "snapshot__from_somebody_else_reads_no_file_outside",
    ),
    away(
        "member-bombs", IMAGE_BOMBS, "a member that unpacks to a hundred times its size is refused",
        cut("labeling/pools/shard_index.py", "    if info.file_size > most or (", "    if ("),
        tests=SHARDS + "zip__of_which_a_member_is_a_bomb",
    ),
    away(
        "header-bombs", IMAGE_BOMBS, "a header of a shard takes a megabyte at most",
        never("labeling/pools/shard_index.py", "wanted > self._most"),
        tests=SHARDS + "tar__whose_header_takes_a_gigabyte",
    ),
    away(
        "allowed-hosts", FETCHING, "links lead to hosts that the person has allowed",
        cut("app/lookups.py", "    return template_host(lookup.url) in {host.lower() for host in views.lookup_hosts}",
            "    return True"),
        tests="app/test_lookups.py::test_lookup_links__only_of_allowed_hosts",
    ),
    away(
        "hosts-of-a-file", FETCHING, "a shared config allows no host",
        cut("app/share.py", 'update={"lookup_hosts": (), "image_hosts": ()}', "update={}"),
        tests="app/test_share.py::test_import_project__allows_no_host_for_the_person",
    ),
    away(
        "allowed-picture-hosts", FETCHING, "pictures come from hosts that the person has allowed",
        cut("app/cutouts.py", "    return [cutout for cutout in views.cutouts if template_host(cutout.url) in hosts]",
            "    return list(views.cutouts)"),
        tests="app/test_cutouts.py::test_cutout_links__only_of_allowed_hosts_and_known_positions",
    ),
    away(
        "joined-files-of-a-file", FETCHING, "a shared config joins no file outside its folder",
        cut("app/share.py", "    _refuse_foreign_joins(given, shared_path)\n"),
        tests=SHARED + "import__joins_no_file_outside_the_files_folder",
    ),
    away(
        "weights-of-a-file", FETCHING, "a shared config's weights are loaded once the person names them too",
        never("app/share.py", "given.encoder.model != model and given.encoder.model is not None"),
        tests=SHARED + "import__loads_no_weights_that_the_person_does_not_name",
    ),
    away(
        "cluster-of-a-file", FETCHING, "a shared config names no cluster",
        cut("app/share.py", 'given.rounds.model_copy(update={"scheduler": None})', "given.rounds"),
        tests=SHARED + "import__takes_no_cluster_from_the_file",
    ),
    away(
        "database-of-a-file", FETCHING, "a shared config names no database",
        cut("app/share.py", '"project": given.project.model_copy(update={"database": None})',
            '"project": given.project'),
        tests=SHARED + "import__chooses_the_database_itself",
    ),
    away(
        "host", ORIGINS, "foreign names of the server are refused on every route",
        never(GATE, "request.host.lower() not in hosts"),
        tests=REQUESTS + "foreign_host__is_refused_on_every_route",
    ),
    away(
        "origin", ORIGINS, "writing needs an Origin of ours on every route",
        never(GATE, "watched and origin is not None and urlsplit(origin).netloc.lower() not in hosts"),
        tests=(REQUESTS + "foreign_origin__cannot_write", REQUESTS + "refusal"),
    ),
    away(
        "missing-origin", ORIGINS, "writing by the API needs an Origin, or a token",
        cut("app/api.py", "        if foreign or (origin is None and bearer_of(self.request.headers) is None):",
            "        if foreign:"),
        tests=(REQUESTS + "missing_origin__cannot_write",
               "app/test_access.py::test_annotations__cookie_needs_our_origin[None]"),
    ),
    away(
        "websocket-origin", ORIGINS, "a foreign page's websocket is refused (two defences: the gate, Bokeh's own list)",
        never(GATE, "watched and origin is not None and urlsplit(origin).netloc.lower() not in hosts"),
        cut(SERVER, 'websocket_origin=sorted(host for host in context.hosts if not host.startswith("["))',
            'websocket_origin=["*"]'),
        tests=REQUESTS + "websocket__of_another_site",
    ),
    away(
        "websocket-without-origin", ORIGINS, "a websocket needs an Origin",
        cut(GATE, "    if connects and origin is None:\n        return True\n"),
        tests=(REQUESTS + "websocket__of_another_site[None]", REQUESTS + "refusal"),
    ),
    away(
        "fetch-metadata", ORIGINS, "what a browser marks as another site's is refused",
        cut(GATE, 'site = request.headers.get("Sec-Fetch-Site", "same-origin")', 'site = "same-origin"'),
        tests=REQUESTS + "picture_of_another_site__takes_no_items",
    ),
    away(
        "unused-routes", ORIGINS, "routes for pages of other sites are closed",
        cut(GATE, 'UNUSED_ROUTES = ("/autoload.js", "/metadata")', 'UNUSED_ROUTES = ("/nowhere",)'),
        tests=REQUESTS + "unused_routes__are_closed",
    ),
    away(
        "json-alone", POSTS, "the API takes JSON alone, which no form can send",
        never("app/api.py", 'self.request.method != "DELETE" and kind != "application/json"'),
        tests=(REQUESTS + "form_of_another_site__is_no_json", "app/test_api.py::test_annotations__as_a_form"),
    ),
    away(
        "pickle-vectors", PICKLES, "vectors are read without pickle",
        cut("labeling/pools/vectors.py", 'np.load(path, mmap_mode="r", allow_pickle=False)',
            'np.load(path, mmap_mode="r", allow_pickle=True)'),
        tests=FILES + "pickle__by_any_name_is_not_opened",
    ),
    away(
        "pickle-series", PICKLES, "series are read without pickle",
        cut("labeling/pools/series.py", 'np.load(path, mmap_mode="r", allow_pickle=False)',
            'np.load(path, mmap_mode="r", allow_pickle=True)'),
        tests=FILES + "pickle__by_any_name_is_not_opened[x.npy-series]",
    ),
    away(
        "pickle-rounds", PICKLES, "a round's arrays are read without pickle",
        cut("app/round_files.py", 'np.load(folder / ANSWERS, mmap_mode="r", allow_pickle=False)',
            'np.load(folder / "predictions.npy", mmap_mode="r", allow_pickle=True)'),
        tests=FILES + "pickle__in_the_place_of_a_rounds_arrays",
    ),
    away(
        "pickle-head", PICKLES, "a head's weights are safetensors, never a .pt",
        cut("models/heads/files.py", "    try:\n        with safe_open(",
            "    try:\n        torch.load(path.open('rb'), weights_only=False)\n        with safe_open("),
        tests="models/heads/test_files.py::test_load_head__pickle_is_not_opened",
    ),
    away(
        "code-of-weights", PICKLES, "code that comes with weights is not run",
        cut("models/encoders/text_transformer.py", "trust_remote_code=False", "trust_remote_code=True"),
        tests=FILES + "weights__that_bring_code_are_not_run", slow=True,
    ),
    away(
        "pickle-parquet", PICKLES, "a PyArrow that unpickles Parquet's metadata cannot be installed",
        cut("pyproject.toml", '"pyarrow>=17"', '"pyarrow>=13"'),
        tests="security/test_advisories.py::test_problems__none_here",
    ),
    away(
        "yaml-aliases", TEXT_BOMBS, "anchors and aliases are refused (two defences: each by itself)",
        never(DOCUMENTS, 'name == "AliasEvent"'),
        never(DOCUMENTS, "event.anchor is not None"),
        tests=BOMB + "[alias]",
    ),
    away(
        "yaml-tags", TEXT_BOMBS, "tags are refused",
        never(DOCUMENTS, "event.tag is not None"),
        tests=BOMB + "[tag]",
    ),
    away(
        "yaml-depth", TEXT_BOMBS, "20 levels",
        never(DOCUMENTS, "depth > MAX_DEPTH"),
        tests=(BOMB + "[lists]", BOMB + "[mappings]"),
    ),
    away(
        "yaml-values", TEXT_BOMBS, "a number of values",
        never(DOCUMENTS, "self.count > MAX_VALUES"),
        tests=BOMB + "[values]",
    ),
    away(
        "yaml-length", TEXT_BOMBS, "8 million characters of YAML",
        never(DOCUMENTS, "len(text) > MAX_YAML_CHARACTERS"),
        tests=BOMB + "[length]",
    ),
    away(
        "json-depth-of-rows", TEXT_BOMBS, "a shared config's rows may be nested without end",
        cut(DOCUMENTS, "    except (ValueError, RecursionError):\n        return _read_row_as_yaml",
            "    except ValueError:\n        return _read_row_as_yaml"),
        tests=BOMB + "[row]",
    ),
    away(
        "json-depth-of-lines", TEXT_BOMBS, "a line of JSON may be nested without end",
        cut(ROWS, "            except (ValueError, RecursionError) as error:\n                raise PoolContentError(",
            "            except ValueError as error:\n                raise PoolContentError("),
        tests=FILES + "json__that_is_a_bomb",
    ),
    away(
        "line-length", TEXT_BOMBS, "a line has 16 MB at most",
        never(ROWS, "len(line) > LINE_BYTES"),
        tests=FILES + "line__without_end",
    ),
    away(
        "pixels", IMAGE_BOMBS, "pixels are counted before an image is opened (two defences: ours, Pillow's)",
        never("labeling/pools/images.py", "width * height > MAX_PIXELS"),
        cut("labeling/pools/images.py", '\nSCREEN_PIXELS = 16_000_000\n',
            "\nImage.MAX_IMAGE_PIXELS = None\nSCREEN_PIXELS = 16_000_000\n"),
        tests=FILES + "image__that_is_a_bomb",
    ),
    away(
        "thinned", IMAGE_BOMBS, "an image is thinned before it is stretched",
        cut("labeling/pools/images.py", "    if step <= 1:\n", "    if True:\n"),
        tests=FILES + "image__is_thinned_before_it_is_stretched",
    ),
    away(
        "no-svg", IMAGE_BOMBS, "what is no picture is not shown as one",
        cut("labeling/pools/images.py", "    if inspect_image(data) is not None:\n        return None\n    with",
            "    if inspect_image(data) is not None:\n        return data, 'image/svg+xml'\n    with"),
        tests=FILES + "image__that_is_a_bomb",
    ),
    away(
        "column-count", COLUMNS, "10,000 columns",
        never("labeling/pools/csv_rows.py", "count > MAX_COLUMNS"),
        tests=FILES + "table__of_a_hundred_thousand_columns",
    ),
    away(
        "dimensions", COLUMNS, "65,536 numbers of a vector",
        cut("labeling/pools/vectors.py", "            if not 1 <= length <= MAX_DIMENSIONS:\n",
            "            if not 1 <= length:\n"),
        tests=FILES + "parquet__that_unpacks_to_a_thousand_times_its_size",
    ),
    away(
        "expansion", COLUMNS, "a thousand times a Parquet file",
        never(ROWS, "expanded > max(EXPANDED_BYTES, MAX_EXPANSION * packed)"),
        tests=FILES + "parquet__numbers_beyond_all_measure",
    ),
    away(
        "body-size", SESSIONS, "a request's body",
        cut(SERVER, '    "max_body_size": 1024 * 1024,\n'),
        tests=REQUESTS + "body__of_megabytes_is_not_taken",
    ),
    away(
        "header-size", SESSIONS, "a request's headers",
        cut(SERVER, '    "max_header_size": 32 * 1024,\n', '    "max_header_size": 1024 * 1024,\n'),
        tests=REQUESTS + "headers__of_many_kilobytes_are_not_taken",
    ),
    away(
        "message-size", SESSIONS, "a message of a page",
        cut(SERVER, "        websocket_max_message_size=MESSAGE_MAX_BYTES,\n"),
        tests=REQUESTS + "message__of_megabytes_ends_its_connection",
    ),
    away(
        "body-time", SESSIONS, "a body that does not come",
        cut(SERVER, '    "body_timeout": 30,\n'),
        tests=REQUESTS + "slow_request__is_dropped", slow=True,
    ),
    away(
        "abandoned-pages", SESSIONS, "a page that opens no websocket is forgotten",
        cut(SERVER, "UNUSED_SESSION_MS = 15_000", "UNUSED_SESSION_MS = 3_600_000"),
        tests=REQUESTS + "sessions__that_are_left_give_their_memory_back", slow=True,
    ),
    away(
        "ended-notices", SESSIONS, "a session that ended is held by no notice",
        cut("app/dashboard.py", "            del pn.state._views[key]\n", "            pass\n"),
        tests="app/test_dashboard.py::test_make_dashboard__panel_holds_nothing_of_a_session_that_ended",
    ),
    away(
        "ended-busy", SESSIONS, "a session that ended does not follow the server's busy parameter",
        cut("app/dashboard.py", "            pn.state.param.unwatch(watcher)\n", "            pass\n"),
        tests="app/test_dashboard.py::test_make_dashboard__panel_holds_nothing_of_a_session_that_ended",
    ),
    away(
        "version-of-panel", VERSIONS, "a Panel that redirects to other hosts cannot be installed",
        cut("pyproject.toml", '"panel>=1.9.4"', '"panel>=1.8"'),
        tests="security/test_advisories.py::test_problems__none_here",
    ),
    away(
        "version-of-bokeh", VERSIONS, "a Bokeh that compares origins in part cannot be installed",
        cut("pyproject.toml", '"bokeh>=3.9.2,<3.10"', '"bokeh>=3.8.1,<3.10"'),
        tests="security/test_advisories.py::test_problems__none_here",
    ),
)  # fmt: skip
