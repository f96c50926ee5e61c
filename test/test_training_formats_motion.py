"""Motion files: tiny BVH and ASF/AMC skeletons whose kinematics are checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from formats_fixtures import converted, only

from lfm_ros.core.errors import InputError
from training.data.formats.bvh import read_recording
from training.data.prepare import prepare

BVH = """HIERARCHY
ROOT Hips
{{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition {order}
  JOINT Chest
  {{
    OFFSET 0 1 0
    CHANNELS 3 {order}
    JOINT Twist
    {{
      OFFSET 0 0 0
      CHANNELS 3 {order}
      End Site
      {{
        OFFSET 0 0 2
      }}
    }}
  }}
  JOINT Tail
  {{
    OFFSET 0 0 -3
    CHANNELS 3 {order}
    End Site
    {{
      OFFSET 0 0 -1
    }}
  }}
}}
MOTION
Frames: {count}
Frame Time: 0.0333333
{rows}
"""
ZXY = "Zrotation Xrotation Yrotation"


def bvh(rows: list[list[float]], order: str = ZXY) -> str:
    lines = "\n".join(" ".join(map(str, row)) for row in rows)
    return BVH.format(order=order, count=len(rows), rows=lines)


def row(root=(0, 0, 0), hips=(0, 0, 0), chest=(0, 0, 0), twist=(0, 0, 0), tail=(0, 0, 0)):
    return [*root, *hips, *chest, *twist, *tail]


def write(path, text: str):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_bvh_at_rest_is_its_offsets_without_the_joint_that_is_nowhere_else(tmp_path):
    recording = read_recording(write(tmp_path / "a.bvh", bvh([row(root=(5, 6, 7))])))
    assert recording.skeleton.names == ("Hips", "Chest", "Twist_end", "Tail", "Tail_end")
    assert recording.skeleton.edges == ((0, 1), (1, 2), (0, 3), (3, 4))
    expected = np.array([[0, 0, 0], [0, 1, 0], [0, 1, 2], [0, 0, -3], [0, 0, -4]]) + [5, 6, 7]
    np.testing.assert_allclose(recording.xyz[0], expected, atol=1e-12)


def test_bvh_turns_what_hangs_on_a_joint(tmp_path):
    # Hips turn 90 degrees about z: y becomes -x. The chest then turns z into -y, which is +x.
    turned = row(hips=(90, 0, 0), chest=(0, 90, 0))
    recording = read_recording(write(tmp_path / "a.bvh", bvh([turned])))
    np.testing.assert_allclose(recording.xyz[0, 1:3], [[-1, 0, 0], [1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(recording.xyz[0, 3:], [[0, 0, -3], [0, 0, -4]], atol=1e-12)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        # The channel that is listed last turns first. Rz Rx takes z to -y to x; Rx Rz to -y.
        (ZXY, [2, 0, 0]),
        ("Xrotation Zrotation Yrotation", [0, -2, 0]),
    ],
)
def test_bvh_turns_in_the_order_of_its_channels(tmp_path, order, expected):
    recording = read_recording(write(tmp_path / "a.bvh", bvh([row(twist=(90, 90, 0))], order)))
    np.testing.assert_allclose(recording.xyz[0, 2] - recording.xyz[0, 1], expected, atol=1e-12)


def test_bvh_of_one_rig_is_one_set_and_a_file_is_a_sequence(tmp_path):
    source = tmp_path / "My Mocap-1"
    rows = [row(root=(i, 0, 0), hips=(10 * i, 0, 0)) for i in range(4)]
    write(source / "s1/walk.bvh", bvh(rows))
    write(source / "s2/run.bvh", bvh(rows[:2]).replace("OFFSET 0 1 0", "OFFSET 0 1.5 0"))
    write(source / "s2/other.bvh", bvh(rows[:1]).replace("Tail", "Fin"))
    sets, rows = converted("bvh", source, metres=0.01, license="CC0", use="train")
    assert sorted(len(s) for s in sets.values()) == [1, 6]
    poses = max(sets.values(), key=len)
    assert poses.group == "human"
    assert sorted(poses.sequence.tolist()) == [0, 0, 0, 0, 1, 1]
    lengths = np.linalg.norm(poses.xyz[:, 1] - poses.xyz[:, 0], axis=-1)
    np.testing.assert_allclose(sorted(lengths), [0.01] * 4 + [0.015] * 2, rtol=1e-5)
    np.testing.assert_array_equal(poses.up, [0, 1, 0])
    assert {(r["license"], r["use"]) for r in rows} == {("CC0", "train")}
    assert sorted(r["file"] for r in rows) == ["human/my_mocap_1.npz", "human/my_mocap_1_2.npz"]


def test_bvh_from_a_scene_starts_at_the_body(tmp_path):
    text = """HIERARCHY
ROOT Scene
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Hips
  {
    OFFSET 9 9 9
    CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Spine
    {
      OFFSET 0 2 0
      CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 0 0
      }
    }
    JOINT Leg
    {
      OFFSET 0 -3 0
      CHANNELS 3 Zrotation Xrotation Yrotation
    }
  }
}
MOTION
Frames:\t1
Frame Time:\t0.03
0 0 0 90 0 0  1 0 0 0 0 0  0 2 0 0 0 0  0 0 0
"""
    recording = read_recording(write(tmp_path / "scene.bvh", text))
    assert recording.skeleton.names == ("Hips", "Spine", "Leg")
    np.testing.assert_allclose(recording.xyz[0], [[0, 1, 0], [-2, 1, 0], [3, 1, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ROOT Hips", "}\nROOT Hips", "brace too many"),
        ("MOTION", "{\nMOTION", "brace too few"),
        ("Frames: 1", "Frames: 2", "15 numbers for 2 frames of 15"),
        ("Frames: 1", "Frames: 0", "0 frames"),
        ("OFFSET 0 1 0", "OFFSET 0 one 0", "one"),
        ("MOTION", "MOTIONS", "Frames"),
        ("ROOT Hips", "ROOTHips", "expected HIERARCHY"),
    ],
)
def test_a_damaged_bvh_is_named(tmp_path, old, new, message):
    write(tmp_path / "a.bvh", bvh([row()]).replace(old, new))
    with pytest.raises(InputError, match=rf"a\.bvh is not a BVH file.*({message})"):
        prepare("bvh", tmp_path, tmp_path / "out")


# --- ASF/AMC

ASF = """# AST/ASF file
:version 1.10
:name VICON
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   .ast/.asf by hand
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name thigh
     direction 1 0 0
     length 2
     axis 0 0 90 XYZ
     dof rx
     limits (-160.0 20.0)
  end
  begin
     id 2
     name shin
     direction 0 -1 0
     length 3
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 3
     name toe
     direction 0 0 1
     length 1
     axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root thigh
    thigh shin
    shin toe
  end
"""
INCHES = 0.0254 / 0.45
AMC = """#!OML:ASF by hand
:FULLY-SPECIFIED
:DEGREES
1
root 0 0 0 0 0 0
thigh 0
shin 0 0 0
2
root 1 2 3 0 0 0
thigh 90
shin 0 0 0
3
root 0 0 0 90 0 90
thigh 90
shin 0 0 90
"""


def test_amc_turns_bones_about_their_own_axes(tmp_path):
    source = tmp_path / "07"
    write(source / "07.asf", ASF)
    write(source / "07_01.amc", AMC)
    poses, entry = only("amc", source, license="CMU terms", use="train", group="animal")
    assert poses.name == "animal/07"
    assert poses.skeleton.names == ("root", "thigh", "shin", "toe")
    assert entry["unit"] == "m"
    xyz = poses.xyz / INCHES
    rest = [[0, 0, 0], [2, 0, 0], [2, -3, 0], [2, -3, 1]]
    np.testing.assert_allclose(xyz[0], rest, atol=1e-5)
    # The thigh's own x axis is the root's y axis: +90 degrees about it takes x to -z, z to x.
    bent = np.array([[0, 0, 0], [0, 0, -2], [0, -3, -2], [1, -3, -2]])
    np.testing.assert_allclose(xyz[1], bent + [1, 2, 3], atol=1e-5)
    # The shin, +90 degrees about z before that: -y to x, which the thigh takes to -z.
    # The root, about x first, then about z: -z to y to -x, and x to x to y.
    turned = np.array([[0, 0, 0], [-2, 0, 0], [-5, 0, 0], [-5, 1, 0]])
    np.testing.assert_allclose(xyz[2], turned, atol=1e-5)


def test_amc_takes_the_skeleton_of_its_name(tmp_path):
    source = tmp_path / "subjects"
    write(source / "07.asf", ASF)
    write(source / "08.asf", ASF.replace("length 2", "length 4"))
    for name in ("07_01.amc", "08_01.amc"):
        write(source / name, AMC)
    poses, _ = only("amc", source)
    thigh = np.linalg.norm(poses.xyz[:, 1] - poses.xyz[:, 0], axis=-1) / INCHES
    np.testing.assert_allclose(thigh, [2] * 3 + [4] * 3, rtol=1e-5)
    write(source / "nobody.amc", AMC)
    with pytest.raises(InputError, match=r"nobody\.amc has 2 \.asf files beside it"):
        only("amc", source)


@pytest.mark.parametrize(
    ("asf", "amc", "message"),
    [
        ("", AMC, "nothing under :units, :root, :bonedata, :hierarchy"),
        (ASF, AMC.replace("shin 0 0 90", "shin 0 0"), "shin"),
        (ASF, AMC.replace("thigh 0\n", "", 1), "thigh.* not 1 values in each of 3"),
        (ASF, AMC.replace("thigh", "femur"), "femur"),
        (ASF, ":DEGREES\n", "no frame"),
        (ASF.replace("dof rx\n", "dof rx l\n"), AMC, "not only rotation"),
        (ASF.replace("thigh shin", "thigh shin root"), AMC, "hierarchy"),
        (ASF.replace("length 0.45", "length 0"), AMC, "ZeroDivision"),
    ],
)
def test_a_damaged_acclaim_pair_is_named(tmp_path, asf, amc, message):
    write(tmp_path / "a.asf", asf)
    write(tmp_path / "a.amc", amc)
    with pytest.raises(InputError, match=rf"a\.amc with a\.asf.*{message}"):
        prepare("amc", tmp_path, tmp_path / "out")
