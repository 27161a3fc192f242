"""A short run of libFuzzer on loading and running .cvl files; scripts/fuzz does the same for longer."""

from fuzzing import fuzz

EXECUTIONS = 120_000  # a minute of one processor
MOST_SECONDS = 1800  # however many others share it


def test_no_file_makes_the_engine_leave_its_buffers(tmp_path):
    fuzzed = fuzz(tmp_path, MOST_SECONDS, EXECUTIONS, workers=1)
    assert not fuzzed.findings and not fuzzed.log, fuzzed.log
    assert fuzzed.executions >= EXECUTIONS
