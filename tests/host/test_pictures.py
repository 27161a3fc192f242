from types import SimpleNamespace

import numpy as np
import pytest
from convlet.errors import ConvletError
from convlet.images import load_image
from convlet.pictures import holds_pixels, read_picture
from PIL import Image


def test_a_picture_is_scaled_and_gets_the_channels_of_the_model(tmp_path):
    Image.new("RGBA", (20, 10), (255, 0, 0, 255)).save(tmp_path / "red.png")
    assert read_picture(tmp_path / "red.png", 5, 4, 3).tolist() == [[[255, 0, 0]] * 4] * 5
    grey = read_picture(tmp_path / "red.png", 5, 4, 1)
    assert grey.shape == (5, 4, 1) and grey.dtype == np.uint8 and np.unique(grey).tolist() == [76]


def test_pixels_in_an_array(tmp_path):
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    np.save(tmp_path / "a.npy", pixels)
    assert holds_pixels(tmp_path / "a.npy") and not holds_pixels(tmp_path / "no.npy")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.npy", 3, 4, 1)[..., 0], pixels)
    np.savez(tmp_path / "b.npz", pixels)
    assert not holds_pixels((tmp_path / "b.npz").rename(tmp_path / "b.npy"))
    damaged = (tmp_path / "a.npy").read_bytes().replace(b"}", b"{", 1)
    (tmp_path / "a.npy").write_bytes(damaged)
    assert not holds_pixels(tmp_path / "a.npy")
    with pytest.raises(ConvletError, match="file that is damaged"):
        read_picture(tmp_path / "a.npy", 3, 4, 1)


@pytest.mark.parametrize("pixels", [np.zeros((3, 4)), np.zeros((3, 4, 2), np.uint8), np.zeros(5, np.uint8)])
def test_arrays_that_are_no_pictures(pixels, tmp_path):
    np.save(tmp_path / "a.npy", pixels)
    with pytest.raises(ConvletError, match=r"cannot read the picture .*a\.npy: it holds .*, expected uint8"):
        read_picture(tmp_path / "a.npy", 3, 4, 1)


def test_a_frame_of_another_size_than_the_model_takes_is_scaled(tmp_path):
    model = SimpleNamespace(input_shape=(3, 4, 1))
    np.save(tmp_path / "frame.npy", np.full((6, 8, 3), 7, np.uint8))
    assert load_image(tmp_path / "frame.npy", model).tolist() == [[[7]] * 4] * 3
    np.save(tmp_path / "values.npy", np.zeros((6, 8), np.int8))
    with pytest.raises(ConvletError, match="has 48 values, the model's input has 3 x 4 x 1"):
        load_image(tmp_path / "values.npy", model)


def test_other_numbers_of_channels(tmp_path):
    with pytest.raises(ConvletError, match="a picture has 1 or 3 channels, the model's input has 2"):
        read_picture(tmp_path / "a.png", 3, 4, 2)
