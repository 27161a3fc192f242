from chain import Chain
from convlet.cheaper import cheaper_layers, macs_of
from convlet.tflite_reader import read_tflite


def advice_for(chain):
    return cheaper_layers(read_tflite(chain.build()))


def test_a_convolution_over_many_channels():
    (found,) = advice_for(Chain((10, 10, 16)).conv(32, padding="SAME"))
    assert found.operator == "operator 0 (CONV_2D)" and found.instead.startswith(
        "as a depthwise 3x3 and a 1x1"
    )
    # 100 pixels: 9 * 16 * 32 multiplications, or 9 * 16 and 16 * 32 of them; as many weights.
    assert found.macs_saved == 100 * (9 * 16 * 32 - 9 * 16 - 16 * 32)
    assert found.weight_bytes_saved == 9 * 16 * 32 - 9 * 16 - 16 * 32
    assert found.share == found.macs_saved / (100 * 9 * 16 * 32)


def test_a_dense_layer_on_all_pixels():
    (found,) = advice_for(Chain((6, 6, 8)).max_pool().reshape(72).dense(10))
    assert found.operator == "operator 2 (FULLY_CONNECTED)"
    assert found.instead == "on 8 values of GlobalAveragePooling2D instead of 72 of Flatten"
    assert found.macs_saved == found.weight_bytes_saved == 10 * (72 - 8)


def test_a_convolution_over_few_channels_stays():
    assert advice_for(Chain((10, 10, 4)).conv(32, padding="SAME")) == []


def test_nothing_where_layers_are_cheap_already():
    chain = Chain((12, 12, 8)).depthwise().conv(16, (1, 1)).conv(16, (3, 3), groups=8)
    assert advice_for(chain.average_pool((10, 10), (10, 10)).dense(4)) == []


def test_what_saves_little_of_the_model_is_not_told():
    chain = Chain((16, 16, 8)).conv(64, (1, 1)).conv(2, (1, 1)).max_pool((16, 16), (16, 16)).dense(3)
    assert advice_for(chain) == []
    found = advice_for(Chain((16, 16, 8)).conv(32).max_pool((14, 14), (14, 14)).dense(3))
    assert [each.operator for each in found] == ["operator 0 (CONV_2D)"]


def test_macs_are_those_of_the_model():
    chain = Chain((9, 8, 4)).conv(8, (3, 3), (2, 2)).depthwise(2).max_pool().dense(5)
    counts = [macs_of(operator) for operator in read_tflite(chain.build()).operators]
    assert counts == [4 * 3 * 8 * 9 * 4, 4 * 3 * 16 * 9, 0, 2 * 1 * 16 * 5]
