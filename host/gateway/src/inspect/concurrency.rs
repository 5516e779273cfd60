//! Whether a part of a component needs an engine with the component model's concurrency.

use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentDefinedType, ComponentType,
    ComponentTypeDeclaration, InstanceTypeDeclaration,
};

/// Whether a type is that of an asynchronous function, a stream or a future, or holds one.
pub(super) fn in_type(ty: &ComponentType<'_>) -> bool {
    match ty {
        ComponentType::Defined(
            ComponentDefinedType::Future(_) | ComponentDefinedType::Stream(_),
        ) => true,
        ComponentType::Func(function) => function.async_,
        ComponentType::Component(declarations) => declarations.iter().any(
            |declaration| matches!(declaration, ComponentTypeDeclaration::Type(ty) if in_type(ty)),
        ),
        ComponentType::Instance(declarations) => declarations.iter().any(
            |declaration| matches!(declaration, InstanceTypeDeclaration::Type(ty) if in_type(ty)),
        ),
        ComponentType::Defined(_) | ComponentType::Resource { .. } => false,
    }
}

/// Whether a built-in is one of those that came with concurrency.
pub(super) fn in_function(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            options.iter().any(|option| {
                matches!(
                    option,
                    CanonicalOption::Async | CanonicalOption::Callback(_)
                )
            })
        }
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        _ => true,
    }
}
