Feature: Sorting

  What a truck brings goes down the chute of its destination. Nobody carries a
  parcel twice, and no truck stands in the yard longer than it has to.

  Rule: A chute takes as many parcels as it has room for

    Scenario Outline: The fourth parcel for <destination>
      When truck T1 is unloaded:
        | parcel | destination   |
        | A      | Oslo          |
        | B      | Oslo          |
        | C      | Oslo          |
        | D      | <destination> |
      Then <dropped> of truck T1 went down the chutes
      And <set aside> of truck T1 is set aside

      Examples:
        | destination | dropped               | set aside |
        | Oslo        | parcels A, B and C    | parcel D  |
        | Bergen      | parcels A, B, C and D | no parcel |

    Scenario: A second truck finds the room that the first has left
      When truck T1 is unloaded:
        | parcel | destination |
        | A      | Oslo        |
        | B      | Oslo        |
      Then parcels A and B of truck T1 went down the chute
      When truck T2 is unloaded:
        | parcel | destination |
        | C      | Oslo        |
        | D      | Oslo        |
      Then parcel C of truck T2 went down the chute
      And parcel D of truck T2 is set aside

  Rule: A truck leaves once all of its parcels are sorted

    Scenario: Also if one had to be set aside
      When truck T1 is unloaded:
        | parcel | destination |
        | A      | Oslo        |
        | B      | Oslo        |
        | C      | Oslo        |
        | D      | Oslo        |
      Then parcel D of truck T1 is set aside
      And truck T1 is released

    Scenario: A truck has one list, and a second one changes nothing
      When truck T1 is unloaded:
        | parcel | destination |
        | A      | Oslo        |
      And truck T1 is unloaded:
        | parcel | destination |
        | A      | Oslo        |
        | B      | Oslo        |
      Then parcel A of truck T1 went down the chute
      And truck T1 is released

    @own-reactor
    Scenario: Trucks wait while the sorter is stopped
      Given the sorter is stopped
      When truck T1 is unloaded:
        | parcel | destination |
        | A      | Oslo        |
      And truck T2 is unloaded:
        | parcel | destination |
        | B      | Bergen      |
      Then truck T1 has to wait
      And truck T2 has to wait
      When the sorter starts again
      Then truck T1 is released
      And truck T2 is released
