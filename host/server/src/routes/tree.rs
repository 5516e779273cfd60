//! The tree of paths: which pattern matches a path, for each host its own root.
//!
//! Owns precedence among paths, and what a path costs to look up. Must not know of hosts, nor of
//! what answers.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use percent_encoding::percent_decode_str;

use super::pattern::{PATH_SEGMENTS_MAX, PathPattern, Step};

/// All patterns, merged segment by segment.
///
/// A path's segments are looked up by their text once, and by number from then on. A node is
/// reached in one way only, so that a search takes no more steps than there are nodes.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// The number of each literal segment.
    literals: HashMap<Box<str>, usize>,
    /// Segments of the longest way from a root.
    depth: usize,
}

/// Where a search begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root(usize);

/// A place in the tree: patterns that begin alike. What ends here is the number of a pattern.
#[derive(Debug, Default)]
struct Node {
    /// Where each literal leads, by its number.
    literals: BTreeMap<usize, usize>,
    /// Where a parameter leads.
    parameter: Option<usize>,
    /// The pattern whose last segment led here.
    exact: Option<usize>,
    /// The pattern that takes whatever follows.
    prefix: Option<usize>,
    /// The pattern that takes whatever follows as a parameter.
    rest: Option<usize>,
}

impl Tree {
    /// Adds a root.
    pub(super) fn plant(&mut self) -> Root {
        Root(self.add())
    }

    fn add(&mut self) -> usize {
        self.nodes.push(Node::default());
        self.nodes.len() - 1
    }

    /// Adds a pattern by its number. Fails with the number of the one that matches the same paths.
    pub(super) fn insert(
        &mut self,
        root: Root,
        pattern: &PathPattern,
        number: usize,
    ) -> Result<(), usize> {
        let mut at = root.0;
        let mut depth = 0;
        let mut takes_rest = false;
        for step in pattern.steps() {
            at = match step {
                Step::Literal(literal) => self.descend(at, literal),
                Step::Parameter => self.nodes[at].parameter.unwrap_or_else(|| {
                    let next = self.add();
                    self.nodes[at].parameter = Some(next);
                    next
                }),
                Step::Rest => {
                    takes_rest = true;
                    break;
                }
            };
            depth += 1;
        }
        self.depth = self.depth.max(depth);
        let node = &mut self.nodes[at];
        let (end, taken) = match takes_rest {
            false => (&mut node.exact, None),
            true if pattern.is_prefix() => (&mut node.prefix, node.rest),
            true => (&mut node.rest, node.prefix),
        };
        match taken.or(*end) {
            Some(earlier) => Err(earlier),
            None => {
                *end = Some(number);
                Ok(())
            }
        }
    }

    /// Where a literal leads from a node.
    fn descend(&mut self, at: usize, literal: &str) -> usize {
        let unused = self.literals.len();
        let literal = match self.literals.get(literal) {
            Some(&known) => known,
            None => *self.literals.entry(literal.into()).or_insert(unused),
        };
        if let Some(&next) = self.nodes[at].literals.get(&literal) {
            return next;
        }
        let next = self.add();
        self.nodes[at].literals.insert(literal, next);
        next
    }

    /// A path, made ready for searches.
    pub(super) fn read<'p>(&self, path: &'p str) -> SentPath<'p> {
        let mut segments = [Segment::default(); PATH_SEGMENTS_MAX];
        let mut start = 1;
        let mut count = 0;
        // Limit: PATH_SEGMENTS_MAX
        while count < self.depth && start <= path.len() && path.starts_with('/') {
            let text = path[start..].split('/').next().unwrap_or_default();
            segments[count] = Segment {
                start,
                end: start + text.len(),
                literal: self.literals.get(text).copied(),
            };
            start += text.len() + 1;
            count += 1;
        }
        SentPath {
            text: path,
            segments,
            count,
            ends_here: start > path.len(),
            values: OnceCell::new(),
        }
    }

    /// The number of the pattern that matches a path best.
    pub(super) fn find(&self, root: Root, path: &SentPath<'_>) -> Option<usize> {
        if !path.text.starts_with('/') {
            // `*` is no path: it has no segments for a parameter to take.
            return self.nodes[root.0].prefix;
        }
        self.search(root.0, 0, path)
    }

    /// Searches beneath a node that the first `depth` segments led to. It goes as deep as the
    /// longest pattern at most.
    fn search(&self, at: usize, depth: usize, path: &SentPath<'_>) -> Option<usize> {
        let node = &self.nodes[at];
        let beneath = || {
            let segment = path.segment(depth)?;
            let literal = segment
                .literal
                .and_then(|literal| node.literals.get(&literal))
                .and_then(|&next| self.search(next, depth + 1, path));
            literal.or_else(|| {
                let next = node.parameter.filter(|_| path.is_value(depth))?;
                self.search(next, depth + 1, path)
            })
        };
        beneath()
            .or_else(|| node.exact.filter(|_| path.ends_after(depth)))
            .or(node.prefix)
            .or_else(|| node.rest.filter(|_| path.is_rest_value(depth)))
    }
}

/// A path as it was sent, in segments: as many as the longest pattern could ask for.
pub(super) struct SentPath<'p> {
    text: &'p str,
    segments: [Segment; PATH_SEGMENTS_MAX],
    /// Segments that are known.
    count: usize,
    /// Whether these are all.
    ends_here: bool,
    /// Which segments can be a parameter's value: only some searches ask.
    values: OnceCell<Values>,
}

#[derive(Clone, Copy, Default)]
struct Segment {
    start: usize,
    end: usize,
    /// Its number, if a pattern has it.
    literal: Option<usize>,
}

struct Values {
    /// Whether each of the known segments can be.
    known: [bool; PATH_SEGMENTS_MAX],
    /// Where the last segment ends that cannot, for its bytes are not UTF-8.
    faults_end: usize,
}

impl SentPath<'_> {
    /// A segment, as sent.
    pub(super) fn raw(&self, place: usize) -> &str {
        self.segment(place)
            .map_or("", |segment| &self.text[segment.start..segment.end])
    }

    /// What stands from a segment on, as sent. It is empty if the path ends before.
    pub(super) fn raw_rest(&self, place: usize) -> &str {
        self.text.get(self.rest_start(place)..).unwrap_or_default()
    }

    fn rest_start(&self, place: usize) -> usize {
        match place.checked_sub(1).and_then(|last| self.segment(last)) {
            Some(last) => last.end + 1,
            None => 1,
        }
    }

    fn segment(&self, place: usize) -> Option<&Segment> {
        self.segments[..self.count].get(place)
    }

    fn ends_after(&self, count: usize) -> bool {
        self.ends_here && self.count == count
    }

    fn is_value(&self, place: usize) -> bool {
        self.values().known[place]
    }

    fn is_rest_value(&self, place: usize) -> bool {
        self.values().faults_end <= self.rest_start(place)
    }

    fn values(&self) -> &Values {
        self.values.get_or_init(|| {
            let mut known = [false; PATH_SEGMENTS_MAX];
            let mut faults_end = 0;
            let mut end = 0;
            for (place, segment) in self.text.split('/').skip(1).enumerate() {
                end += 1 + segment.len();
                let is_text = percent_decode_str(segment).decode_utf8().is_ok();
                if !is_text {
                    faults_end = end;
                }
                if let Some(known) = known.get_mut(place) {
                    *known = is_text && !segment.is_empty();
                }
            }
            Values { known, faults_end }
        })
    }
}
