//! Random graphs: every layout is sound, and equal inputs give equal layouts.

use netloom_layout::sample::{self, Mix, Random};
use netloom_layout::{layout, verify};

fn check(mix: Mix, rounds: u32) {
    for seed in 0..rounds {
        let input = sample::random(&mut Random(seed), mix);
        let first = layout(&input);
        let defects = verify(&input, &first);
        assert!(defects.is_empty(), "{mix:?}, seed {seed}: {defects:?}");
        assert_eq!(first, layout(&input), "{mix:?}, seed {seed}: not the same twice");
    }
}

#[test]
fn sound() {
    let plain = Mix {
        nodes: 12,
        edges: 16,
        containers: false,
        ports: false,
        merges: false,
        backward: false,
        bundles: true,
    };
    check(plain, 60);
    check(Mix { backward: true, ..plain }, 60);
    check(Mix { merges: true, ..plain }, 60);
    check(Mix { bundles: false, merges: true, backward: true, ..plain }, 60);
    check(Mix { containers: true, ..plain }, 60);
    check(Mix { containers: true, merges: true, backward: true, nodes: 30, edges: 50, ..plain }, 30);
    // Few edges leave many parts that nothing joins.
    check(Mix { nodes: 30, edges: 14, containers: true, ..plain }, 120);
    check(
        Mix { nodes: 24, edges: 14, containers: true, ports: true, merges: true, backward: true, ..plain },
        60,
    );
    check(Mix { ports: true, ..plain }, 60);
    check(
        Mix { ports: true, merges: true, backward: true, containers: true, nodes: 20, edges: 30, ..plain },
        30,
    );
    check(Mix { nodes: 60, edges: 200, merges: true, ..plain }, 10);
}

#[test]
fn shapes_and_networks_are_sound() {
    for (name, input) in sample::shapes() {
        assert_eq!(verify(&input, &layout(&input)), [], "{name}");
    }
    for n in [10, 100, 1_000] {
        for mask in [false, true] {
            let input = sample::network(n, 42, mask);
            assert_eq!(verify(&input, &layout(&input)), [], "network of {n}, mask {mask}");
        }
    }
}

#[test]
fn any_bytes_are_sound() {
    let mut random = Random(1);
    for round in 0..1_500 {
        let bytes: Vec<u8> = (0..random.below(160)).map(|_| random.bits() as u8).collect();
        let (input, defects) = sample::probe(&bytes);
        assert!(defects.is_empty(), "round {round}, {bytes:?}: {defects:?} in {input:#?}");
    }
}
