"""What scripts/demo looks at in the end: whether the devices have the same, and whether anybody
could read it on the way.

    figures = compare(story)                         while the agents run
    settle(story)                                    the same
    figures["capture"] = check_frames(stage, capture)    when they have ended
"""
from __future__ import annotations

import frames
from agents import wait_until
from capture import Capture
from demo_stage import NAMES, Stage, say
from demo_story import SCRATCH, Story
from sqlite_views import Difference, same_views, sqlite
from written import Search

# What must be found in the files of a device, or the search has shown nothing. Pairing codes are
# written nowhere.
KINDS_FOUND = ("text", "title", "key", "device name", "space name")


def compare(story: Story) -> dict:
    say("5. What the three have now:")
    stage = story.stage
    infos = {name: stage.info(name) for name in NAMES}
    hashes = {name: info["state_hash"] for name, info in infos.items()}
    conflicts = {name: stage.conflicts(name) for name in NAMES}
    for name in NAMES:
        say(f"   {name:8} state {hashes[name]}")
        say(f"            {infos[name]['changes']} changes, {len(conflicts[name])} conflicts")
    check_conflicts(story, conflicts)
    views = same_views([info["file"] for info in infos.values()])
    say(f"   The views {', '.join(views)} are the same byte for byte in the three files.")
    equal = len(set(hashes.values())) == 1
    if not equal:
        raise Difference("the state hashes differ")
    say('   sqlite3 <space file of the pi> "SELECT id, title FROM chats LIMIT 3"')
    for row in sqlite(infos["pi"]["file"], "SELECT id, title FROM chats LIMIT 3").splitlines():
        say("     " + row)
    counts = {each["name"]: each["records"] for each in infos["laptop"]["collections"]}
    paths = {} if stage.is_static else {"paths": check_paths(stage)}
    return {
        "setting": stage.setting,
        "discovery": stage.check_discovery(),
        **paths,
        "state_hashes": hashes,
        "equal": equal,
        "chats": counts["chats"],
        "messages": counts["messages"],
        "conflicts": {name: len(found) for name, found in conflicts.items()},
        "bytes_on_wire": stage.lab.bytes_on_wire(),
    }


def check_conflicts(story: Story, conflicts: dict) -> None:
    """Three contested titles, each with what all three wrote; the same in every inbox."""
    for name, found in conflicts.items():
        if {conflict["key"] for conflict in found} != set(story.contested):
            raise Difference(f"the inbox of {name} is not what was expected: {found}")
        for conflict in found:
            values = sorted(sibling["value"] for sibling in conflict["siblings"])
            number = story.contested.index(conflict["key"])
            if values != sorted(f"{each} says {number}" for each in NAMES):
                raise Difference(f"{name}: {values} wait for a decision")
    for name, agent in story.agents.items():
        record = agent.call("data.get", space=story.space, collection="notes", key=SCRATCH[1])
        if record["value"] is None or record["value"]["text"] != "still needed":
            raise Difference(f"{name}: a delete has taken an edit that it had not seen")
    say("   Every inbox holds the three contested titles; the delete that met an edit is void.")


def settle(story: Story) -> None:
    """One contested title is settled on the pi: it is gone from every inbox, and all show it."""
    say("6. One of the conflicts is settled, on the pi:")
    stage, key = story.stage, story.contested[0]
    conflict = next(each for each in stage.conflicts("pi") if each["key"] == key)
    values = [sibling["value"] for sibling in conflict["siblings"]]
    chosen = values.index("desktop says 0")
    short = conflict["id"][:10]
    stage.agents["pi"].ok("conflicts", "resolve", short, "--use", str(chosen + 1))
    say(f"   lanyard conflicts resolve {short} --use {chosen + 1}")

    def is_settled(name: str) -> bool:
        record = stage.agents[name].call("data.get", space=story.space, collection="chats", key=key)
        return (record["value"]["title"] == "desktop says 0" and
                {each["key"] for each in stage.conflicts(name)} == set(story.contested[1:]))

    for name in NAMES:
        wait_until(f"it is settled on the {name}", lambda: is_settled(name))
    say("   All three show the chosen title, and two conflicts wait in every inbox.")


def check_paths(stage: Stage) -> dict:
    """Nothing at all has passed between the two since they were parted."""
    heard = stage.heard_since()
    if heard:
        raise Difference(f"{heard} bytes have passed between laptop and desktop")
    say("   Not a byte has passed between laptop and desktop since they were parted.")
    return {"laptop-pi": "direct", "desktop-pi": "direct", "laptop-desktop": "direct",
            "laptop-desktop after the cut": "through the pi",
            "bytes laptop-desktop after the cut": heard}


# ---- what could be read on the way

def check_frames(stage: Stage, capture: Capture) -> dict:
    say("7. What could be read on the way:")
    stage.lab.take_down()
    figures = capture.end(stage.lab.counters())
    say(f"   {figures['frames']} frames of {figures['bytes']} bytes were captured on the bridge's "
        "ports, as many as the ports' counters say.")
    written = stage.written
    search = Search(written.texts)
    recorded = frames.read(capture.file)
    # A frame leaves the bridge as it came in: most stand there twice.
    places = [*{frame.data for frame in recorded}, *frames.streams(recorded)]
    on_the_way = set().union(*map(search.texts_in, places))
    if on_the_way:
        raise Difference(f"these can be read in {capture.file}: {sorted(on_the_way)[:5]}")
    say(f"   None of {len(written.texts)} texts, titles, names and keys is in a frame or a stream.")
    found = kinds_in_the_store(stage, search)
    listed = ", ".join(f"{count} {kind}{'s' * (count > 1)}" for kind, count in found.items())
    say(f"   The same search finds {sum(found.values())} of them in the pi's files: {listed}.")
    return {**figures, "looked_for": len(written.texts), "found": len(on_the_way),
            "found_in_the_store": sum(found.values()), "kinds_in_the_store": found}


def kinds_in_the_store(stage: Stage, search: Search) -> dict[str, int]:
    """How many of each kind stand in the pi's SQLite files: all of 8 bytes in UTF-8, but for its
    own name and what was overwritten."""
    stored: set[str] = set()
    for file in stage.agents["pi"].data.rglob("*"):
        if file.suffix in (".db", ".sqlite"):
            stored |= search.texts_in(file.read_bytes())
    found = stage.written.kinds_of(stored)
    for kind in KINDS_FOUND:
        if not found[kind]:
            raise Difference(f"the search finds no {kind}, not even where they must be")
    return dict(found.most_common())
