"""The viewer without a browser: pictures, shapes, viewpoints."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from viewer_scene import MATRIX, RIG, points2d, points3d, view_frame

pytest.importorskip("PIL", reason="the viewer's dependencies are not installed (extra viz)")

from lfm_ros.core.palette import PALETTE_SIZE, instance_color, instance_colors
from lfm_ros.viewer.frame import Points3D, Rig, ViewFrame
from lfm_ros.viewer.panel import WIDTH, draw_panel
from lfm_ros.viewer.shapes import (
    as_ghost,
    bones,
    instance_extent,
    joints,
    muted,
    quat_xyzw_from_z,
)
from lfm_ros.viewer.viewpoint import drawn_points, overview, through_camera, world_from_optical

pytestmark = pytest.mark.unit


def rotated(quat_xyzw, vector):
    """Vectors turned by quaternions, by the definition q v q*."""
    imaginary, real = quat_xyzw[..., :3], quat_xyzw[..., 3:]
    doubled = 2 * np.cross(imaginary, vector)
    return vector + real * doubled + np.cross(imaginary, doubled)


def test_the_palette_tells_twelve_instances_apart():
    colors = instance_colors(np.arange(PALETTE_SIZE))
    distances = np.linalg.norm(colors[:, None] - colors[None], axis=-1)
    assert distances[~np.eye(PALETTE_SIZE, dtype=bool)].min() > 0.12
    assert np.diag(distances, 1).min() > 0.25  # what appears together has neighbouring ids
    np.testing.assert_array_equal(instance_color(-1), colors[-1])
    np.testing.assert_array_equal(instance_color(PALETTE_SIZE + 2), colors[2])


def test_a_returned_color_is_the_callers_own():
    instance_color(0)[:] = 7.0
    assert instance_color(0).max() <= 1.0


def pixel(picture, uv):
    x, y = np.round(np.asarray(uv) * WIDTH / 1280).astype(int)
    return picture[y, x].astype(float) / 255


def test_the_picture_shows_each_keypoint_in_its_instances_color():
    frame = view_frame()
    picture = draw_panel(frame)
    assert picture.shape == (270, WIDTH, 3)
    assert picture.dtype == np.uint8
    for row in range(3):
        for keypoint in range(3):
            shown = pixel(picture, frame.detected.uv[row, keypoint])
            assert np.abs(shown - instance_color(row)).max() < 0.02


def test_the_picture_leaves_missing_keypoints_out():
    frame = view_frame()
    background = draw_panel(dataclasses.replace(frame, detected=None))
    np.testing.assert_array_equal(
        pixel(draw_panel(frame), frame.detected.uv[2, 3]),
        pixel(background, frame.detected.uv[2, 3]),
    )
    assert (background == background[0, 0]).all()


def test_the_picture_fades_with_the_confidence():
    sure, unsure = view_frame(), points2d()
    unsure.confidence[:] *= 0.2
    faded = draw_panel(dataclasses.replace(sure, detected=unsure))
    at = sure.detected.uv[1, 1]
    assert pixel(faded, at).max() < 0.6 * pixel(draw_panel(sure), at).max()


def test_a_muted_picture_has_no_color():
    picture = draw_panel(view_frame(), muted=True).astype(int)
    assert np.ptp(picture, axis=-1).max() == 0
    assert np.ptp(picture) > 50


@pytest.mark.parametrize(
    "camera", [None, (MATRIX, (0, 0)), (MATRIX, (1, 10**6)), (MATRIX, (10**6, 1))]
)
def test_any_camera_gives_a_picture_of_bearable_size(camera):
    picture = draw_panel(dataclasses.replace(view_frame(), camera=camera))
    assert WIDTH // 4 <= picture.shape[0] <= 2 * WIDTH


def test_strange_pixels_do_not_end_the_picture():
    detected = points2d()
    detected.uv[0, 0], detected.uv[1, 1], detected.uv[2, 2] = np.nan, 1e9, -1e9
    detected.skeleton[1] = 99
    assert draw_panel(dataclasses.replace(view_frame(), detected=detected)).any()


def test_joints_are_where_the_points_are_and_as_large_as_the_instance_suggests():
    points = points3d()
    small = dataclasses.replace(points, xyz=points.xyz * np.float32(0.1))
    shapes, shrunk = joints(points, filled=True), joints(small, filled=True)
    np.testing.assert_array_equal(shapes.position, points.xyz.reshape(-1, 3))
    np.testing.assert_allclose(shrunk.scale, 0.1 * shapes.scale, rtol=1e-5)
    np.testing.assert_allclose(shapes.color[0], instance_color(0), atol=1e-6)


def test_filled_in_keypoints_are_fainter_and_can_be_left_out():
    points = points3d()
    all_of_them, seen = joints(points, filled=True), joints(points, filled=False)
    assert len(seen.position) == len(all_of_them.position) - 1
    assert all_of_them.color[-1].max() < all_of_them.color[-2].max()
    assert all_of_them.scale[-1, 0] < all_of_them.scale[-2, 0]
    frame = view_frame()
    assert len(bones(points, frame, filled=True).position) == 9
    assert len(bones(points, frame, filled=False).position) == 8


def test_bones_reach_from_end_to_end():
    points, frame = points3d(), view_frame()
    shapes = bones(points, frame, filled=True)
    half = rotated(shapes.quat_xyzw, [0.0, 0.0, 0.5]) * shapes.scale[:, 2:]
    ends = np.stack([shapes.position - half, shapes.position + half], 1).reshape(3, 3, 2, 3)
    expected = points.xyz[:, np.array(RIG.edges)]
    np.testing.assert_allclose(ends, expected, atol=1e-6)


def test_rotations_from_z_hold_for_every_direction():
    rng = np.random.default_rng(0)
    directions = np.concatenate(
        [rng.normal(size=(50, 3)), np.eye(3), -np.eye(3), [[1e-9, 0, -1.0], [1e-5, 0, -1.0]]]
    )
    quat = quat_xyzw_from_z(directions)
    turned = rotated(quat, np.array([0.0, 0.0, 1.0]))
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    np.testing.assert_allclose(turned, unit, atol=5e-5)  # a hair off straight down is down
    np.testing.assert_array_equal(quat_xyzw_from_z(np.zeros((1, 3))), [[0, 0, 0, 1]])


def test_points_that_are_not_there_are_not_drawn():
    points = points3d()
    points.xyz[0] = np.nan
    points.xyz[1, 2] = np.inf
    shapes = joints(points, filled=True)
    assert len(shapes.position) == 7
    assert np.isfinite(shapes.position).all()
    assert np.isfinite(shapes.scale).all()
    assert len(bones(points, view_frame(), filled=True).position) == 4
    assert instance_extent(points)[0] == 1.0


def test_a_rig_nobody_described_has_points_but_no_bones():
    points = points3d()
    points.skeleton[:] = [7, -1, 0]
    wide = ViewFrame(rigs=(Rig("wide", edges=((0, 1), (2, 40))),))
    assert len(joints(points, filled=True).position) == 12
    assert len(bones(points, wide, filled=True).position) == 1


def test_no_instances_are_no_shapes():
    nothing = Points3D(
        np.zeros((0, 0, 3), np.float32), np.zeros((0, 0), bool), np.zeros(0, int), np.zeros(0, int)
    )
    assert joints(nothing, filled=True).position.shape == (0, 3)
    assert bones(nothing, view_frame(), filled=True).position.shape == (0, 3)


def test_ghost_and_old_data_have_no_instance_color():
    shapes = joints(points3d(), filled=True)
    assert np.ptp(as_ghost(shapes).color, axis=0).max() == 0
    assert np.ptp(muted(shapes).color, axis=-1).max() == pytest.approx(0)


def test_the_world_is_upright_and_looks_ahead():
    level = world_from_optical((0.0, -1.0, 0.0))
    np.testing.assert_allclose(level @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(level @ [1, 0, 0], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(level @ [0, 1, 0], [0, 0, -1], atol=1e-12)


@pytest.mark.parametrize("up", [(0, -1, 0), (0.3, -0.9, 0.2), (0, 0, 1), (0, 0, -1), (0, 0, 0)])
def test_the_world_is_a_proper_rotation_for_any_gravity(up):
    rotation = world_from_optical(up)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    if any(up):
        expected = np.asarray(up) / np.linalg.norm(up)
        np.testing.assert_allclose(rotation.T @ [0, 0, 1], expected, atol=1e-12)


def in_view(view, points):
    """Tangents of the vertical angles at which points appear, and whether they are in front."""
    ahead = view.look_at - view.position
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, view.up)
    up = np.cross(right / np.linalg.norm(right), ahead)
    offset = points - view.position
    depth = offset @ ahead
    return np.abs(offset @ up) / depth, depth


def test_the_overview_has_all_points_and_the_camera_in_the_picture():
    points = np.concatenate([drawn_points(view_frame()), np.zeros((1, 3))])
    view = overview(points[:-1])
    tangent, depth = in_view(view, points)
    assert depth.min() > 0
    assert tangent.max() < np.tan(view.fov / 2)
    assert view.position[2] > points[:, 2].max()
    assert np.isfinite(overview(np.zeros((0, 3))).position).all()


def test_through_the_camera_is_its_own_pose():
    view = through_camera(view_frame(), 4.0)
    np.testing.assert_array_equal(view.position, 0)
    np.testing.assert_allclose(view.look_at, [4, 0, 0], atol=1e-12)
    np.testing.assert_allclose(view.up, [0, 0, 1], atol=1e-12)
    tangent, _ = in_view(view, np.array([[4.0, 0.0, 4.0 * 360 / 900]]))
    assert tangent[0] <= np.tan(view.fov / 2)
