// What can be undone: the steps of the history, and the request that takes back a group of labels as one step.

const STEPS = ["label", "skip", "unsure", "group"]

/**
 * Return the steps that still count, oldest first: those stored on the server and those that wait in the outbox, without
 * those in `seen`, which the card knows of already.
 */
function openSteps(stored, waiting, seen) {
  const known = new Set(stored.map((each) => each.uid))
  const acts = [...stored, ...waiting.filter((body) => !known.has(body.uid))]
  const undone = new Set(acts.filter((each) => each.act === "undo").map((each) => each.undoes_uid))
  return acts.filter((each) => STEPS.includes(each.act) && !each.undone && !undone.has(each.uid) && !seen.has(each.uid))
}

/** Make the outbox's entry that takes back what was labelled at once, by its group's uid. */
function groupUndo(group) {
  const uid = `undo-${makeUid().replaceAll("-", "")}`
  return {uid, path: "/api/groups/undo", group, undo: uid, act: "undo", item_key: "", undoes_uid: group}
}
