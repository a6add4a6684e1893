"""Nothing is lost: outbox, undo, queue and restart of the card, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.app.components.card_checks import acts, says, shows, stored_locally, wait_for
from tests.app.components.card_server import STORE, Opener, tell_card

pytestmark = pytest.mark.browser


def test_outbox__a_lost_server_is_named_within_a_second_and_nothing_is_lost(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "down"
    page.keyboard.press("1")
    page.keyboard.press("2")

    says(page, "2 not saved yet – waiting for the server", within_ms=1000)
    shows(page, "item-2")
    assert stored_locally(page) == 2
    STORE.failure = ""
    says(page, "Saved")
    assert acts() == [("label", "item-0"), ("label", "item-1")]
    assert stored_locally(page) == 0


def test_outbox__sends_nothing_until_the_server_is_healthy(open_card: Opener) -> None:
    """A server that is just starting, or another one, gets no labels: its health is asked for, once a second."""
    page = open_card()
    posts: list[str] = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    STORE.failure = "down"
    page.keyboard.press("1")
    says(page, "1 not saved yet – waiting for the server")

    page.wait_for_timeout(2500)

    assert len(posts) == 1
    STORE.failure = ""
    says(page, "Saved")
    assert acts() == [("label", "item-0")]


def test_outbox__a_slow_answer_counts_as_waiting(open_card: Opener) -> None:
    page = open_card()
    STORE.failure, STORE.slow_s = "slow", 1.6
    page.keyboard.press("1")

    says(page, "1 not saved yet – waiting for the server", within_ms=1300)
    says(page, "Saved")
    assert len(STORE.posts) == 1


def test_outbox__is_replayed_once_after_a_reload(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "down"
    page.keyboard.press("1")
    page.keyboard.press("2")
    says(page, "2 not saved yet – waiting for the server")

    page.reload()
    expect(page.locator(".message")).to_contain_text("The server does not answer")
    STORE.failure = ""

    shows(page, "item-2")
    wait_for(lambda: len(STORE.history) == 2, what="replay")
    says(page, "Saved")
    assert acts() == [("label", "item-0"), ("label", "item-1")]


def test_outbox__belongs_to_its_project(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "down"
    page.keyboard.press("1")
    says(page, "1 not saved yet – waiting for the server")

    project = STORE.project

    STORE.project, STORE.instance, STORE.failure = "another", "two", ""

    expect(page.locator(".status")).to_contain_text("the server shows another project now")
    assert STORE.posts == []
    assert stored_locally(page, project=project) == 1


def test_outbox__a_busy_server_is_tried_again(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "busy"
    page.keyboard.press("1")
    says(page, "1 not saved yet – the server says: the disk is full")

    STORE.failure = ""

    says(page, "Saved")
    assert acts() == [("label", "item-0")]
    assert len({post["uid"] for post in STORE.posts}) == 1


def test_outbox__what_waits_leaves_items_to_go_on_with(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "busy"
    for number in range(45):  # more than the browser holds ahead
        page.keyboard.press("1")
        shows(page, f"item-{number + 1}")
    assert stored_locally(page) == 45
    STORE.failure = ""

    says(page, "Saved", within_ms=30_000)
    assert acts() == [("label", f"item-{number}") for number in range(45)]


def test_outbox__a_refused_label_is_named_and_blocks_nothing(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "refuse"
    page.keyboard.press("1")
    expect(page.locator(".notice")).to_contain_text("item item-0 was not accepted: no item has this key")

    STORE.failure = ""
    page.keyboard.press("2")

    says(page, "Saved")
    assert acts() == [("label", "item-1")]


def test_outbox__what_waits_goes_in_few_requests(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "busy"
    for number in range(40):
        page.keyboard.press("1")
        shows(page, f"item-{number + 1}")
    before = STORE.requests
    STORE.failure = ""

    says(page, "Saved", within_ms=30_000)
    assert acts() == [("label", f"item-{number}") for number in range(40)]
    assert STORE.requests - before <= 4


def test_outbox__one_refused_among_many_holds_up_none_of_them(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "busy"
    for number in range(4):
        page.keyboard.press("1")
        shows(page, f"item-{number + 1}")
    STORE.refused = {"item-1"}
    STORE.failure = ""

    expect(page.locator(".notice")).to_contain_text("item item-1 was not accepted: no item has this key")
    says(page, "Saved")
    assert acts() == [("label", "item-0"), ("label", "item-2"), ("label", "item-3")]
    assert stored_locally(page) == 0


def test_outbox__a_request_of_many_that_is_refused_is_sent_one_by_one(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "busy"
    for number in range(4):
        page.keyboard.press("1")
        shows(page, f"item-{number + 1}")
    STORE.failure = "refuse many"

    says(page, "Saved")
    assert acts() == [("label", f"item-{number}") for number in range(4)]
    expect(page.locator(".notice")).to_have_count(0)


def test_undo__brings_the_item_back_and_appends(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("1")
    shows(page, "item-1")

    page.keyboard.press("Control+z")

    shows(page, "item-0")
    expect(page.locator("[data-class='1'] .count")).to_have_text("0")
    page.keyboard.press("2")
    shows(page, "item-1")
    wait_for(lambda: len(STORE.history) == 3, what="label, undo, label")
    assert [entry["act"] for entry in STORE.history] == ["label", "undo", "label"]
    assert STORE.history[1]["undoes_uid"] == STORE.history[0]["uid"]


@pytest.mark.slow
def test_undo__goes_past_a_reload_and_several_deep(open_card: Opener) -> None:
    page = open_card()
    for key in ("1", "2", "s"):
        page.keyboard.press(key)
    says(page, "Saved")
    wait_for(lambda: len(STORE.history) == 3, what="three annotations")
    page.reload()
    shows(page, "item-3")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()

    page.keyboard.press("Control+z")
    shows(page, "item-2")
    page.keyboard.press("Control+z")

    shows(page, "item-1")
    undone = [entry["undoes_uid"] for entry in STORE.history if entry["act"] == "undo"]
    assert undone == [STORE.history[2]["uid"], STORE.history[1]["uid"]]


def test_undo__of_an_unsent_label_sends_both_in_order(open_card: Opener) -> None:
    page = open_card()
    STORE.failure = "down"
    page.keyboard.press("1")
    page.keyboard.press("Control+z")
    shows(page, "item-0")
    STORE.failure = ""

    says(page, "Saved")
    assert acts() == [("label", "item-0"), ("undo", "item-0")]


def test_queue__empty_says_so_keys_do_nothing_and_new_items_appear(open_card: Opener) -> None:
    page = open_card(item_count=2)
    page.keyboard.press("1")
    page.keyboard.press("2")
    expect(page.locator(".message")).to_contain_text("All proposed items are labelled")
    page.keyboard.press("3")
    page.keyboard.press("s")
    says(page, "Saved")
    assert len(STORE.history) == 2

    STORE.item_count = 5

    shows(page, "item-2")


def test_queue__before_the_first_round_says_that_it_is_on_its_way(open_card: Opener) -> None:
    page = open_card(wait=False, item_count=0, round=0)
    expect(page.locator(".message")).to_contain_text("The first items are being chosen")


def test_queue__a_new_round_replaces_what_waits_and_keeps_the_screen(open_card: Opener) -> None:
    page = open_card()
    STORE.offset, STORE.round = 100, 2
    reads = STORE.queue_reads
    tell_card(round_number=2)
    wait_for(lambda: STORE.queue_reads > reads, what="a new read of the queue")
    page.wait_for_timeout(200)
    shows(page, "item-0")

    page.keyboard.press("1")

    expect(page.locator(".small")).to_contain_text("Item item-100 · round 2")


def test_queue__is_refilled_before_it_runs_dry(open_card: Opener) -> None:
    page = open_card()
    for index in range(0, 45, 5):
        shows(page, f"item-{index}")
        wait_for(lambda expected=index: len(STORE.history) == expected, what=f"{index} labels")  # type: ignore[misc]
        page.keyboard.type("12345")

    shows(page, "item-45")
    wait_for(lambda: len(STORE.history) == 45, what="45 labels")
    assert len({key for _, key in acts()}) == 45


def test_queue__open_key_shows_that_item_next(open_card: Opener) -> None:
    page = open_card()
    tell_card(open_key="item-300")
    shows(page, "item-300")

    page.keyboard.press("4")

    shows(page, "item-0")
    wait_for(lambda: len(acts()) > 0, what="the picked item labelled")
    assert acts() == [("label", "item-300")]
    wait_for(lambda: STORE.cards[0].open_key == "", what="open_key emptied, so that it can be picked again")


def test_instance__a_restart_is_told_once_and_the_screen_stays(open_card: Opener) -> None:
    page = open_card()
    page.keyboard.press("1")
    shows(page, "item-1")
    STORE.instance = "two"
    page.keyboard.press("2")

    expect(page.locator(".notice")).to_contain_text("The server was restarted; your labels are safe.")
    shows(page, "item-2")
    page.get_by_role("button", name="Dismiss").click()
    page.keyboard.press("3")
    says(page, "Saved")
    expect(page.locator(".notice")).to_have_count(0)
