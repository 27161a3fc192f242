"""A minute of libFuzzer on loading and running .cvl files; scripts/fuzz does the same for longer."""

from fuzzing import fuzz

SECONDS = 60


def test_no_file_makes_the_engine_leave_its_buffers(tmp_path):
    fuzzed = fuzz(tmp_path, SECONDS)
    assert not fuzzed.findings and not fuzzed.log, fuzzed.log
    assert fuzzed.executions > 100_000  # else it is stuck on something, and finds nothing
