"""Mixed supervision: each image trains just the heads that its labels speak of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detect.model.network import FractureNetwork

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
    """Cloudy images; those that are annotated and fractured have two boxes."""
    generator = torch.Generator().manual_seed(seed)
    rows = [
        (float(i), float(n % 2), *box)
        for i, (known, label) in enumerate(zip(boxed, fractured, strict=True))
        if known and label == 1
        for n, box in enumerate([(0.3, 0.4, 0.3, 0.2), (0.7, 0.6, 0.2, 0.4)])
    ]
    table = torch.tensor(rows).reshape(-1, 6)
    layers = [
        F.interpolate(
            torch.rand(len(boxed), 1, cells, cells, generator=generator),
            (SIZE, SIZE),
            mode="bilinear",
        )
        for cells in (1, 3, 12, 48)
    ]
    return {
        "img": torch.stack(layers).mean(0).expand(-1, 3, -1, -1),
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
    torch.testing.assert_close(mixed[:-2], alone[:-2], rtol=1e-3, atol=1e-4)
    for name, value in alone_items.items():
        if name != "verdict_loss":
            torch.testing.assert_close(mixed_items[name], value, rtol=1e-3, atol=1e-4)
    assert _detection(mixed).item() > 0


def test_detection_gradients_of_a_mixed_batch_are_those_of_its_annotated_images(
    network: FractureNetwork,
) -> None:
    batch = _batch([True, False, True], [1.0, 1.0, 0.0])
    mixed = _gradients(network, _detection(network.loss(batch)[0]), _detection_parameters(network))
    kept = _only(batch, [0, 2])
    alone = _gradients(network, _detection(network.loss(kept)[0]), _detection_parameters(network))
    assert max(alone.values()) > 0
    assert mixed == pytest.approx(alone, rel=1e-2, abs=1e-3)


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
    torch.testing.assert_close(mixed[:-2], alone[:-2], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(
        items["evidence_loss"], alone_items["evidence_loss"], rtol=1e-3, atol=1e-4
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
    torch.testing.assert_close(mixed["evidence_loss"], alone["evidence_loss"], rtol=1e-3, atol=1e-5)
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


@pytest.mark.parametrize(
    ("share", "silent"), [((1.0, 0.5), "one2one_cv"), ((0.0, 0.5), ("cv2", "cv3"))]
)
def test_the_share_of_the_one2many_head_says_which_head_the_boxes_teach(
    make_network: MakeNetwork, share: tuple[float, float], silent: str | tuple[str, ...]
) -> None:
    network = make_network("yolo26n.yaml", nc=2).train()
    network.one2many_share = share
    total, _ = network.loss(_batch([True, True], [1.0, 0.0]))
    greatest = _gradients(network, total[:3].sum(), _detection_parameters(network))
    assert not any(value for name, value in greatest.items() if name.startswith(silent))
    assert any(value for name, value in greatest.items() if not name.startswith(silent))


def test_the_share_of_the_one2many_head_moves_evenly_from_first_epoch_to_last(
    make_network: MakeNetwork,
) -> None:
    network = make_network("yolo26n.yaml", nc=2)
    network.args.epochs = 5
    network.one2many_share = (0.9, 0.5)
    criterion = network.init_criterion()
    shares = []
    for _ in range(5):
        shares.append((criterion.o2m, criterion.o2o))
        criterion.update()
    expected = [(0.9, 0.1), (0.8, 0.2), (0.7, 0.3), (0.6, 0.4), (0.5, 0.5)]
    assert shares == [pytest.approx(pair) for pair in expected]


def test_losses_do_not_depend_on_the_order_of_images(network: FractureNetwork) -> None:
    batch = _batch([True, False, True, True], [1.0, 0.0, 0.0, 1.0])
    forward, _ = network.loss(batch)
    backward, _ = network.loss(_only(batch, [3, 2, 1, 0]))
    torch.testing.assert_close(forward, backward, rtol=1e-3, atol=1e-4)


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
