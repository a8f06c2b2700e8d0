"""Mixed supervision: each image trains just the heads that its labels speak of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from detect.model.network import FractureNetwork, VerdictHead, evidence_loss, evidence_target

MakeNetwork = Callable[..., FractureNetwork]
SIZE = 96


@pytest.fixture(params=["yolo26n.yaml", "yolo11n.yaml"])
def network(request: pytest.FixtureRequest, make_network: MakeNetwork) -> FractureNetwork:
    """A network in training mode, except that its batch normalisation treats images alone."""
    network = make_network(request.param, nc=2).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    return network


def _batch(boxed: list[bool], fractured: list[float], seed: int = 0) -> dict[str, Tensor]:
    """Noise images; those that are annotated and fractured have two boxes."""
    generator = torch.Generator().manual_seed(seed)
    rows = [
        (float(i), float(n % 2), *box)
        for i, (known, label) in enumerate(zip(boxed, fractured, strict=True))
        if known and label == 1
        for n, box in enumerate([(0.3, 0.4, 0.3, 0.2), (0.7, 0.6, 0.2, 0.4)])
    ]
    table = torch.tensor(rows).reshape(-1, 6)
    return {
        "img": torch.rand(len(boxed), 3, SIZE, SIZE, generator=generator),
        "batch_idx": table[:, 0],
        "cls": table[:, 1:2],
        "bboxes": table[:, 2:],
        "fractured": torch.tensor(fractured),
        "boxed": torch.tensor(boxed),
    }


def _only(batch: dict[str, Tensor], images: list[int]) -> dict[str, Tensor]:
    """The same batch with just these images, renumbered by hand."""
    origin = batch["batch_idx"].tolist()
    # Ascending by image, as `collate` makes them and ultralytics expects them.
    rows = [row for image in images for row, i in enumerate(origin) if i == image]
    return {
        "img": batch["img"][images],
        "batch_idx": torch.tensor([float(images.index(int(origin[row]))) for row in rows]),
        "cls": batch["cls"][rows],
        "bboxes": batch["bboxes"][rows],
        "fractured": batch["fractured"][images],
        "boxed": batch["boxed"][images],
    }


def _detection_parameters(network: FractureNetwork) -> Iterator[tuple[str, Tensor]]:
    head = network.model[-1]
    found = [
        (name, parameter)
        for name, parameter in head.named_parameters()
        if name.startswith(("cv2", "cv3", "one2one")) and parameter.requires_grad
    ]
    assert len(found) > 20
    return iter(found)


def _gradients(
    network: FractureNetwork, loss: Tensor, parameters: Iterator[tuple[str, Tensor]]
) -> dict[str, float]:
    """The greatest gradient of each parameter."""
    network.zero_grad(set_to_none=True)
    loss.backward()
    return {name: 0.0 if p.grad is None else float(p.grad.abs().max()) for name, p in parameters}


def _detection(total: Tensor) -> Tensor:
    return total[:-2].sum()


def test_yes_no_images_give_the_detection_head_no_gradient_at_all(
    network: FractureNetwork,
) -> None:
    total, items = network.loss(_batch([False] * 3, [1.0, 0.0, 1.0]))
    gradients = _gradients(network, total.sum(), _detection_parameters(network))
    assert set(gradients.values()) == {0.0}
    assert _detection(total).item() == 0.0
    detection_items = [v for k, v in items.items() if k not in ("verdict_loss", "evidence_loss")]
    assert len(detection_items) == 3
    assert all(float(value) == 0.0 for value in detection_items)
    assert all(torch.isfinite(value) for value in items.values())


def test_yes_no_images_still_teach_trunk_and_verdict_head(network: FractureNetwork) -> None:
    total, items = network.loss(_batch([False] * 3, [1.0, 0.0, 1.0]))
    trunk = _gradients(network, total.sum(), network.model[0].named_parameters())
    assert trunk["conv.weight"] > 0
    assert float(network.verdict.evidence.weight.grad.abs().max()) > 0
    assert float(network.verdict.bias.grad) != 0
    assert float(items["verdict_loss"]) > 0


def test_detection_loss_of_a_mixed_batch_is_that_of_its_annotated_images(
    network: FractureNetwork,
) -> None:
    """Normal images without boxes are annotated, and so they count."""
    batch = _batch([False, True, True, False, True], [1.0, 1.0, 0.0, -1.0, 1.0])
    mixed, mixed_items = network.loss(batch)
    alone, alone_items = network.loss(_only(batch, [1, 2, 4]))
    torch.testing.assert_close(mixed[:-2], alone[:-2], rtol=1e-4, atol=1e-5)
    for name, value in alone_items.items():
        if name != "verdict_loss":
            torch.testing.assert_close(mixed_items[name], value, rtol=1e-4, atol=1e-5)
    assert _detection(mixed).item() > 0


def test_detection_gradients_of_a_mixed_batch_are_those_of_its_annotated_images(
    network: FractureNetwork,
) -> None:
    batch = _batch([True, False, True], [1.0, 1.0, 0.0])
    mixed = _gradients(network, _detection(network.loss(batch)[0]), _detection_parameters(network))
    kept = _only(batch, [0, 2])
    alone = _gradients(network, _detection(network.loss(kept)[0]), _detection_parameters(network))
    assert max(alone.values()) > 0
    assert mixed == pytest.approx(alone, rel=1e-3, abs=1e-5)


def test_the_normal_image_is_background_to_the_detector(network: FractureNetwork) -> None:
    """Unlike a yes/no image, it pushes scores down."""
    total, _ = network.loss(_batch([True], [0.0]))
    gradients = _gradients(network, _detection(total), _detection_parameters(network))
    assert max(v for k, v in gradients.items() if "cv3" in k) > 0


def test_boxes_of_an_image_that_counts_as_not_annotated_are_ignored(
    network: FractureNetwork,
) -> None:
    """A view with one box whole and another cut carries boxes, and is masked all the same."""
    batch = _batch([True, True], [1.0, 1.0])
    batch["boxed"][0] = False
    mixed, items = network.loss(batch)
    alone, alone_items = network.loss(_only(batch, [1]))
    torch.testing.assert_close(mixed[:-2], alone[:-2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        items["evidence_loss"], alone_items["evidence_loss"], rtol=1e-4, atol=1e-5
    )


def test_an_unknown_label_gives_no_verdict_loss(network: FractureNetwork) -> None:
    total, items = network.loss(_batch([False, False], [-1.0, -1.0]))
    assert float(items["verdict_loss"]) == 0.0
    gradients = _gradients(network, total.sum(), network.named_parameters())
    assert set(gradients.values()) == {0.0}


def test_verdict_loss_is_over_known_labels_alone(network: FractureNetwork) -> None:
    batch = _batch([False] * 3, [1.0, -1.0, 0.0])
    _, items = network.loss(batch)
    network.eval()
    with torch.no_grad():
        logit = network(batch["img"])[1]["image_logit"]
    expected = (math.log1p(math.exp(-logit[0])) + math.log1p(math.exp(logit[2]))) / 2
    assert float(items["verdict_loss"]) == pytest.approx(expected, rel=1e-4)


def test_evidence_loss_is_over_annotated_images_alone(network: FractureNetwork) -> None:
    _, unannotated = network.loss(_batch([False, False], [1.0, 0.0]))
    assert float(unannotated["evidence_loss"]) == 0.0
    batch = _batch([True, False], [1.0, 1.0])
    _, mixed = network.loss(batch)
    _, alone = network.loss(_only(batch, [0]))
    torch.testing.assert_close(mixed["evidence_loss"], alone["evidence_loss"], rtol=1e-4, atol=1e-6)
    assert float(mixed["evidence_loss"]) > 0


def test_gains_weigh_the_two_terms_of_the_verdict_head(network: FractureNetwork) -> None:
    batch = _batch([True, True], [1.0, 0.0])
    network.verdict_gain, network.evidence_gain = 1.0, 1.0
    one, items = network.loss(batch)
    assert one[-2].item() == pytest.approx(2 * items["verdict_loss"].item())  # two images
    network.verdict_gain, network.evidence_gain = 3.0, 0.0
    other, _ = network.loss(batch)
    assert other[-2].item() == pytest.approx(3 * one[-2].item())
    assert other[-1].item() == 0.0
    torch.testing.assert_close(other[:-2], one[:-2])


def test_losses_do_not_depend_on_the_order_of_images(network: FractureNetwork) -> None:
    batch = _batch([True, False, True, True], [1.0, 0.0, 0.0, 1.0])
    forward, _ = network.loss(batch)
    backward, _ = network.loss(_only(batch, [3, 2, 1, 0]))
    torch.testing.assert_close(forward, backward, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_each_pooling_gives_one_finite_logit_an_image(pooling: str) -> None:
    head = VerdictHead([16, 32, 64], pooling)  # type: ignore[arg-type]
    features = [torch.randn(3, c, 96 // s, 160 // s) for c, s in ((16, 8), (32, 16), (64, 32))]
    evidence, logit = head(features)
    assert evidence.shape == (3, 1, 12, 20)
    assert logit.shape == (3,)
    assert torch.isfinite(logit).all()


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_more_evidence_anywhere_never_lowers_the_logit(pooling: str) -> None:
    """So the map explains the verdict: its bright places are what raised it."""
    head = VerdictHead([8, 8, 8], pooling)  # type: ignore[arg-type]
    merged = torch.randn(2, 48, 8, 8)
    evidence = (torch.randn(2, 1, 8, 8) * 4 - 5).requires_grad_()
    logit = head._pool(evidence, merged)
    logit.sum().backward()
    assert (evidence.grad >= 0).all()
    assert float(evidence.grad.abs().max()) > 0
    with torch.no_grad():
        raised = head._pool(evidence + torch.rand_like(evidence), merged)
    assert (raised > logit).all()


def test_one_strong_cell_among_thousands_carries_the_log_sum_exp() -> None:
    """The fracture is some 0.4 % of a picture: a mean would drown it."""
    head = VerdictHead([8, 8, 8], "lse")
    quiet = torch.full((1, 1, 80, 80), -9.0)
    spot = quiet.clone()
    spot[0, 0, 40, 40] = 4.0
    merged = torch.zeros(1, 48, 80, 80)
    assert head._pool(quiet, merged).item() == pytest.approx(-9 + math.log(6400), abs=1e-3)
    assert head._pool(spot, merged).item() == pytest.approx(
        4 + math.log1p(6399 * math.exp(-13)), abs=1e-3
    )


def test_log_sum_exp_stays_finite_far_out() -> None:
    head = VerdictHead([8, 8, 8], "lse")
    evidence = torch.full((1, 1, 8, 8), 1e4, requires_grad=True)
    logit = head._pool(evidence, torch.zeros(1, 48, 8, 8))
    logit.backward()
    assert torch.isfinite(logit)
    assert torch.isfinite(evidence.grad).all()


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_a_fresh_head_is_undecided(pooling: str) -> None:
    """P near one half at the default input size, so that training starts without a jolt."""
    torch.manual_seed(0)
    head = VerdictHead([64, 128, 256], pooling).eval()  # type: ignore[arg-type]
    features = [torch.randn(2, c, 640 // s, 640 // s) for c, s in ((64, 8), (128, 16), (256, 32))]
    with torch.no_grad():
        _, logit = head(features)
    assert (logit.abs() < 2.5).all()


def _boxes(*rows: tuple[float, float, float, float, float]) -> dict[str, Tensor]:
    """(image, x1, y1, x2, y2), relative."""
    table = torch.tensor(rows).reshape(-1, 5)
    centre, extent = (table[:, 1:3] + table[:, 3:]) / 2, table[:, 3:] - table[:, 1:3]
    return {"batch_idx": table[:, 0], "bboxes": torch.cat([centre, extent], 1)}


def test_the_target_is_one_where_a_cell_centre_lies_in_a_box() -> None:
    evidence = torch.zeros(2, 1, 4, 8)
    target = evidence_target(evidence, _boxes((1, 0.25, 0.5, 0.5, 1.0)))
    expected = torch.zeros(2, 1, 4, 8)
    expected[1, 0, 2:4, 2:4] = 1
    torch.testing.assert_close(target, expected)


def test_a_box_smaller_than_a_cell_still_marks_its_cell() -> None:
    target = evidence_target(torch.zeros(1, 1, 8, 8), _boxes((0, 0.51, 0.27, 0.52, 0.28)))
    expected = torch.zeros(1, 1, 8, 8)
    expected[0, 0, 2, 4] = 1
    torch.testing.assert_close(target, expected)


def test_overlapping_boxes_do_not_add_up() -> None:
    target = evidence_target(
        torch.zeros(1, 1, 8, 8), _boxes((0, 0, 0, 0.5, 0.5), (0, 0.25, 0.25, 0.75, 0.75))
    )
    assert target.max() == 1
    assert target.sum() == 16 + 16 - 4


def test_no_boxes_make_an_empty_target() -> None:
    assert evidence_target(torch.randn(3, 1, 8, 8), _boxes()).sum() == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_target_covers_the_share_of_the_image_that_boxes_do(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(2, generator=generator) * 0.5
    extent = torch.rand(2, generator=generator) * 0.4 + 0.1
    row = (0.0, *corner.tolist(), *(corner + extent).tolist())
    target = evidence_target(torch.zeros(1, 1, 200, 200), _boxes(row))
    assert float(target.mean()) == pytest.approx(float(extent.prod()), abs=0.01)


def test_evidence_loss_falls_towards_the_truth_and_is_zero_at_it() -> None:
    target = evidence_target(torch.zeros(1, 1, 8, 8), _boxes((0, 0.25, 0.25, 0.5, 0.5)))
    boxed = torch.tensor([True])
    losses = [
        float(evidence_loss((target * 2 - 1) * sure, target, boxed)) for sure in (-3, 0, 3, 20)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("description", ["yolo26n.yaml", "yolo11n.yaml"])
def test_the_verdict_head_changes_no_layer_of_the_detector(
    description: str, make_network: MakeNetwork
) -> None:
    """So that any ultralytics weights of that form load, and nothing shifts its index."""
    from ultralytics.nn.tasks import DetectionModel

    plain = DetectionModel(description, nc=1, verbose=False)
    ours = make_network(description)
    own = {name for name in ours.state_dict() if name.startswith("verdict.")}
    assert own
    assert set(ours.state_dict()) - own == set(plain.state_dict())


@pytest.mark.parametrize(
    ("description", "heads"),
    [("yolo26n.yaml", ("one2one", "one2many")), ("yolo11n.yaml", ("one2many",))],
)
def test_decoded_boxes_are_ultralytics_own(
    description: str, heads: tuple[str, ...], make_network: MakeNetwork
) -> None:
    network = make_network(description, nc=2)
    assert network.heads == heads
    network.end2end = False
    image = torch.rand(2, 3, 64, 96)
    with torch.no_grad():
        network.model[-1].xyxy = True
        decoded, raw = network(image)  # one-to-many, (B, 4 + classes, N)
        boxes, scores = network.decode(raw, "one2many")
    cells = (8 * 12) + (4 * 6) + (2 * 3)
    assert boxes.shape == (2, cells, 4)
    assert scores.shape == (2, cells, 2)
    torch.testing.assert_close(boxes, decoded[:, :4].transpose(1, 2))
    torch.testing.assert_close(scores, decoded[:, 4:].transpose(1, 2))
    assert raw["evidence"].shape == (2, 1, 8, 12)
    assert raw["image_logit"].shape == (2,)


def test_the_two_heads_decode_to_different_boxes(make_network: MakeNetwork) -> None:
    network = make_network("yolo26n.yaml")
    with torch.no_grad():
        _, raw = network(torch.rand(1, 3, 64, 64))
        one, many = network.decode(raw, "one2one"), network.decode(raw, "one2many")
    assert not torch.allclose(one[0], many[0])
    assert not torch.allclose(one[1], many[1])
