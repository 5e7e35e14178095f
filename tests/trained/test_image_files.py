"""Which images are labelled, and what their pictures are called."""

from pathlib import Path

import pytest

from nasframe import DataError, FileError
from nasframe.trained.image_files import ImageFile, find_image_files, plan_jobs, require_absent


class Named:
    """The part of a predictor that names files."""

    def name(self, image, kind):
        return f"{image.stem}_{kind}.png"


@pytest.fixture
def folder(tmp_path):
    for name in ("b.JPG", "a.png", "in/a.png", "in/deep/c.webp", ".hidden.png", "notes.txt"):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "images" / name).touch()
    return tmp_path / "images"


def test_images_are_found_in_all_folders_and_sorted(folder):
    found = find_image_files([folder], Path("out"))
    assert [image.path.relative_to(folder).as_posix() for image in found] == [
        "a.png",
        "b.JPG",
        "in/a.png",
        "in/deep/c.webp",
    ]
    assert [image.folder.as_posix() for image in found] == [".", ".", "in", "in/deep"]


def test_a_file_is_taken_whatever_its_name(folder):
    assert find_image_files([folder / "notes.txt"], Path("out")) == [ImageFile(folder / "notes.txt")]


def test_pictures_of_an_earlier_prediction_are_no_images(folder):
    assert len(find_image_files([folder], folder / "in")) == 2
    with pytest.raises(DataError, match="is also the output folder"):
        find_image_files([folder], folder / "in" / "..")


def test_what_is_not_there_is_named(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no images; expected files that end in"):
        find_image_files([tmp_path / "empty"], Path("out"))
    with pytest.raises(DataError, match="gone does not exist; expected an image or a folder"):
        find_image_files([folder, tmp_path / "gone"], Path("out"))


def test_pictures_go_to_the_same_folders_below_the_output(folder):
    jobs = plan_jobs(find_image_files([folder], Path("out")), Named(), ("labels", "color"), Path("out"))
    assert jobs[2].image == folder / "in" / "a.png"
    assert jobs[2].outputs == {"labels": Path("out/in/a_labels.png"), "color": Path("out/in/a_color.png")}


def test_images_that_would_have_one_picture_are_both_named():
    images = [ImageFile(Path(name)) for name in ("x/a.png", "b.png", "y/a.jpg")]
    with pytest.raises(DataError) as error:
        plan_jobs(images, Named(), ("labels",), Path("out"))
    assert "x/a.png and y/a.jpg would both become out/a_labels.png" in str(error.value)
    assert "b.png" not in str(error.value)


def test_pictures_that_exist_are_named_and_counted(tmp_path):
    jobs = plan_jobs([ImageFile(Path(f"{n}.png")) for n in range(15)], Named(), ("labels",), tmp_path)
    require_absent(jobs)
    jobs[0].outputs["labels"].touch()
    with pytest.raises(FileError, match="1 of the pictures exists already"):
        require_absent(jobs)
    for job in jobs[:12]:
        job.outputs["labels"].touch()
    with pytest.raises(FileError) as error:
        require_absent(jobs)
    assert "12 of the pictures exist already" in str(error.value)
    assert str(tmp_path / "0_labels.png") in str(error.value)
    assert str(error.value).endswith("… and 2 more")
