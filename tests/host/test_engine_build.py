from convlet import engine, engine_build


def test_the_extension_is_not_stale():
    """Else every other test would prove an older engine."""
    assert engine.sources_hash() == engine_build.sources_hash(), "the C engine has changed: run scripts/test"


def test_all_c_files_are_listed():
    assert sorted(engine_build.engine_sources()) == sorted(engine_build.ENGINE.glob("*.c"))
