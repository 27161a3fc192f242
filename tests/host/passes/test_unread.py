from chain import Chain, kinds_after
from convlet.passes import (
    drop_unread,
)


def test_what_nobody_reads_is_dropped():
    chain = Chain((6, 6, 1)).conv(2)
    kept = chain.tensor
    chain.conv(3).max_pool()
    chain.tensor = kept
    assert kinds_after(chain, drop_unread)[1] == ["CONV_2D"]
