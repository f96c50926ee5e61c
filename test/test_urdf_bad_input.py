"""What is no URDF is refused with a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from urdf_robots import ARM, joint, robot

from lfm_ros.core.errors import SkeletonError
from lfm_ros.urdf import load_robot

XACRO = (
    '<robot name="r" xmlns:xacro="http://www.ros.org/wiki/xacro">'
    '<xacro:property name="length" value="0.3"/><link name="a"/></robot>'
)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE robot [<!ENTITY a "aaaaaaaaaa">'
    '<!ENTITY b "&a;&a;&a;&a;&a;&a;">]><robot name="&b;"><link name="a"/></robot>'
)


def one(kind: str = "revolute", **changes: str) -> str:
    """A robot of one joint."""
    return robot(joint("j", kind, "a", "b", "1 0 0", **changes), links="a b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<robot><link name='a'></robot>", r"not well-formed XML \(mismatched tag: line 1"),
        ("<robot name='r'>", "not well-formed"),
        ("<sdf version='1.6'><model/></sdf>", "first element is <sdf>, expected <robot>"),
        ("<robot name='empty'/>", "no <link>"),
        (BOMB, "document type"),
        ('<?xml version="1.0" encoding="klingon"?><robot/>', "(?i)encoding"),
        ("<robot><link/></robot>", "a link has no 'name'"),
        (robot(links="a a b"), "several links called a;"),
        (robot(links="a b"), r"2 roots \(a, b\), expected one"),
        (
            robot(joint("j", "fixed", "b", "c"), joint("k", "fixed", "c", "b"), links="a b c"),
            "loop of joints through b, c",
        ),
        (robot(joint("j", "fixed", "a", "a"), links="a"), "loop of joints through a;"),
        (
            robot(
                joint("up", "revolute", "a", "b", "1 0 0"),
                joint("down", "revolute", "a", "c", "0 1 0"),
                joint("rod", "revolute", "b", "c", "0 1 0"),
                links="a b c",
            ),
            "'c' is the child of the joints 'down' and 'rod': a closed loop",
        ),
        (
            robot(joint("j", "fixed", "a", "b"), joint("j", "fixed", "a", "c"), links="a b c"),
            "several joints called j;",
        ),
        (robot(joint("j", "fixed", "foot", "shin"), links="foot shim"), "did you mean 'shim'"),
        (one("revolvent"), "type 'revolvent' .did you mean 'revolute'"),
        (one(limit="1 -1"), "lower limit 1.0 above its upper -1.0"),
        (one(limit="low high"), "lower of joint 'j' is 'low'; expected a number"),
        (one(axis="0 0 0"), "axis of no length"),
        (one(axis="0 1"), "xyz of joint 'j' is '0 1'; expected three numbers"),
        (one(rpy="0 nan 0"), "rpy of joint 'j' is 'nan'; expected a finite number"),
        (one().replace("1 0 0", "0 1e308 0"), "xyz of joint 'j' is '1e308'; expected a finite"),
        (one(rpy="0 1,5 0"), "rpy of joint 'j' is '1,5'"),
        (one(mimic="k 1 0"), "mimics 'k', which there is not"),
        (one(mimic="j 1 0"), "j -> j mimic each other"),
        (one(mimic="j one 0"), "multiplier of joint 'j' is 'one'"),
        ("<robot><link name='a'/><joint name='j' type='fixed'/></robot>", "no <parent>"),
        ("<robot><link name='a'/><joint name='j'/></robot>", "joint 'j' has no 'type'"),
        (
            "<robot><link name='a'/><joint name='j' type='fixed'><parent/></joint></robot>",
            "the parent of joint 'j' has no 'link'",
        ),
        (robot(links="a"), "two links at different places, found a;"),
        (robot(joint("j", "revolute", "a", "b"), links="a b"), "two links at different places"),
    ],
)
def test_a_file_that_makes_no_robot_is_refused(text, message):
    with pytest.raises(SkeletonError, match=message):
        load_robot(text)


def test_a_leader_that_is_fixed_is_refused():
    text = robot(
        joint("hold", "fixed", "a", "b", "1 0 0"),
        joint("j", "revolute", "b", "c", "1 0 0", mimic="hold 1 0"),
        links="a b c",
    )
    with pytest.raises(SkeletonError, match="'j' mimics 'hold', and 'hold' is fixed"):
        load_robot(text)


def test_a_fixed_joint_that_mimics_is_fixed():
    """Published robots have such joints."""
    text = robot(
        joint("j", "revolute", "a", "b", "1 0 0"),
        joint("hold", "fixed", "b", "c", "1 0 0", mimic="j 1 0"),
        links="a b c",
    )
    assert load_robot(text).joints == ("j",)


@pytest.mark.parametrize(
    "text",
    [
        XACRO,
        # The prefix was never declared: no XML parser gets further.
        XACRO.replace(' xmlns:xacro="http://www.ros.org/wiki/xacro"', ""),
        one(rpy="0 ${pi/2} 0"),
        '<robot name="$(arg name)"><link name="a"/></robot>',
    ],
)
def test_xacro_is_refused_with_the_command_that_expands_it(tmp_path: Path, text):
    path = tmp_path / "my.urdf.xacro"
    path.write_text(text)
    with pytest.raises(SkeletonError) as caught:
        load_robot(path)
    assert f"xacro {path} -o {tmp_path / 'my.urdf'} " in str(caught.value)
    with pytest.raises(SkeletonError, match=r"xacro robot\.urdf\.xacro -o robot\.urdf "):
        load_robot(text)


def test_the_command_never_writes_over_its_input(tmp_path: Path):
    path = tmp_path / "my.urdf"
    path.write_text(XACRO)
    with pytest.raises(SkeletonError, match="my_expanded"):
        load_robot(path)


def test_what_xacro_leaves_behind_is_read():
    """An expanded file still declares the namespace."""
    text = ARM.replace("<robot ", '<robot xmlns:xacro="http://www.ros.org/wiki/xacro" ')
    assert load_robot("\ufeff  \n" + text.split("?>")[1]).name == "arm"


def test_other_elements_do_not_disturb():
    """Transmissions and simulators bring joints of their own, meshes bring files."""
    extra = (
        '<transmission name="t"><joint name="bend"/></transmission>'
        '<gazebo><joint name="x"/></gazebo><material name="m"/><!-- joint -->'
    )
    mesh = '<visual><geometry><mesh filename="package://no/such.dae"/></geometry></visual>'
    text = ARM.replace("</robot>", f"{extra}</robot>")
    text = text.replace('<link name="fore"/>', f'<link name="fore">{mesh}</link>')
    assert load_robot(text).skeleton == load_robot(ARM).skeleton


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(SkeletonError, match=r"none\.urdf: cannot be read \(No such file"):
        load_robot(tmp_path / "none.urdf")
    with pytest.raises(SkeletonError, match="cannot be read"):
        load_robot(str(tmp_path))
    with pytest.raises(SkeletonError, match="cannot be read"):
        load_robot("a\0b.urdf")


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"\xff\xfe<", b"just text"])
def test_a_file_that_is_no_xml_is_named(tmp_path: Path, content):
    path = tmp_path / "torn.urdf"
    path.write_bytes(content)
    with pytest.raises(SkeletonError, match=r"torn\.urdf: is not"):
        load_robot(path)


@pytest.mark.parametrize(
    ("links", "message"),
    [
        (["base", "hnad"], r"no link 'hnad' \(did you mean 'hand'"),
        (["base", "x"], "no link 'x'; it has base, turret, upper, fore, hand, tip"),
        (["base", "tip", "tip"], "links tip are named twice"),
        (["base"], "two links at different places, found base"),
        ([], "two links at different places, found none"),
    ],
)
def test_links_that_cannot_be_keypoints_are_refused(links, message):
    with pytest.raises(SkeletonError, match=message):
        load_robot(ARM, links)
